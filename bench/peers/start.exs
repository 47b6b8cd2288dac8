# A peer: compile a GenServer from source and start it, timed in milliseconds, one number a line.
for n <- 1..60 do
  source = """
  defmodule Counter#{n} do
    use GenServer
    def start_link(arg), do: GenServer.start_link(__MODULE__, arg)
    def init(arg), do: {:ok, arg}
    def handle_call({:add, n}, _from, count), do: {:reply, count + n, count + n}
    def handle_call(:get, _from, count), do: {:reply, count, count}
    def handle_cast({:add, n}, count), do: {:noreply, count + n}
  end
  """
  began = System.monotonic_time(:microsecond)
  [{module, _}] = Code.compile_string(source)
  {:ok, pid} = module.start_link(0)
  1 = GenServer.call(pid, {:add, 1})
  IO.puts((System.monotonic_time(:microsecond) - began) / 1000)
end
