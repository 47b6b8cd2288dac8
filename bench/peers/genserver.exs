# A peer: what a message to another process of the same virtual machine costs, in microseconds, one figure a line.
# Each is the median of some rounds, by the machine's own clock.
defmodule Counter do
  use GenServer
  def init(count), do: {:ok, count}
  def handle_call({:add, n}, _from, count), do: {:reply, count + n, count + n}
  def handle_cast({:add, n}, count), do: {:noreply, count + n}
end

defmodule Measure do
  @rounds 7

  def microseconds(times, work) do
    {took, _} = :timer.tc(work)
    took / times
  end

  def print(name, round) do
    round.()
    sorted = for(_ <- 1..@rounds, do: round.()) |> Enum.sort()
    IO.puts("#{name} #{Enum.at(sorted, div(@rounds, 2))}")
  end
end

defmodule Bench do
  import Measure

  def run do
    {:ok, pid} = GenServer.start_link(Counter, 0)
    many = 20_000

    print("call", fn ->
      microseconds(many, fn -> for _ <- 1..many, do: GenServer.call(pid, {:add, 1}) end)
    end)

    print("calls_at_once", fn ->
      microseconds(many, fn ->
        for _ <- 1..div(many, 100) do
          asked = for _ <- 1..100, do: :gen_server.send_request(pid, {:add, 1})
          for one <- asked, do: {:reply, _} = :gen_server.receive_response(one, 5_000)
        end
      end)
    end)

    print("cast", fn ->
      took = microseconds(many, fn -> for _ <- 1..many, do: GenServer.cast(pid, {:add, 1}) end)
      GenServer.call(pid, {:add, 0})
      took
    end)

    print("cast_handled", fn ->
      microseconds(many, fn ->
        for _ <- 1..many, do: GenServer.cast(pid, {:add, 1})
        GenServer.call(pid, {:add, 0})
      end)
    end)

    parent = self()

    print("spawn", fn ->
      microseconds(2_000, fn ->
        for _ <- 1..2_000 do
          spawn(fn -> send(parent, :up) end)
          receive do: (:up -> :ok)
        end
      end)
    end)

    print("start", fn ->
      microseconds(2_000, fn ->
        for _ <- 1..2_000 do
          {:ok, one} = GenServer.start(Counter, 0)
          1 = GenServer.call(one, {:add, 1})
        end
      end)
    end)
  end
end

Bench.run()
