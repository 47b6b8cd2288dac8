/**
 * P3, no lost truth, of the state: it is what `evolve` makes of the log, whether a kernel has lived through the events,
 * replayed them, or started from a snapshot, and whether or not payloads were erased since.
 */
import { evolve, fromSnapshot, initialState, type State, toSnapshot } from "../../kernel/index.ts";
import { canonical } from "../world/canonical.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";

const check: ReturnType<typeof promise> = promise("P3");

export function p3Replay(): Checker {
  const replayed = initialState();
  return {
    promise: "P3",
    see: (fact: Fact) => {
      switch (fact.type) {
        case "committed":
          for (const event of fact.events) evolve(replayed, event);
          return;
        case "snapshot_found":
          return check(fromSnapshot(JSON.parse(fact.json)) !== undefined, "a snapshot does not fit its own shape");
        case "recovered":
          return compare("a recovered state", fact.state);
        case "idle":
        case "at_rest":
          return compare("the living state", fact.state);
        default:
          return;
      }
    },
  };

  function compare(what: string, state: State): void {
    check(
      state.lastEvent === replayed.lastEvent,
      () => `${what} is of event ${state.lastEvent}, the log is at ${replayed.lastEvent}`,
    );
    const wanted = canonical(toSnapshot(replayed));
    const found = canonical(toSnapshot(state));
    check(found === wanted, () => `${what} is not what the log says: ${difference(found, wanted)}`);
    const index = JSON.stringify(plain(state));
    check(index === JSON.stringify(plain(replayed)), () => `the index of ${what} is not that of the log`);
  }
}

const plain = ({ index }: State) => ({
  living: [...index.living].map(([tenant, of]) => [tenant, [...of].toSorted(([a], [b]) => a - b)]).toSorted(byKey),
  agenda: index.agenda,
  suspended: [...index.suspended.keys()],
  recovering: [...index.recovering].toSorted(byKey),
});

const byKey = (a: readonly unknown[], b: readonly unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);

function difference(found: string, wanted: string): string {
  let at = 0;
  while (found[at] === wanted[at]) at++;
  const around = (text: string): string => text.slice(Math.max(0, at - 80), at + 80);
  return `…${around(found)}… instead of …${around(wanted)}…`;
}
