/** The last facts of a run in words, for whoever has to understand a failure. Words are made only when they are asked for. */
import { isRefusal, sayDeath } from "../../base/index.ts";
import type { Event, Input } from "../../kernel/index.ts";
import type { Fact } from "./facts.ts";
import { sayLife } from "./life.ts";

const keptMax = 60;

export class Recording {
  readonly #now: () => number;
  readonly #kept: { readonly at: number; readonly say: () => string }[] = [];
  events = 0;
  kernels = 0;
  lives = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(fact: Fact): void {
    if (fact.type === "committed") this.events += fact.events.length;
    if (fact.type === "recovered") this.kernels += 1;
    if (fact.type === "life_began") this.lives += 1;
    this.#kept.push({ at: this.#now(), say: sayFact(fact) });
    if (this.#kept.length > 2 * keptMax) this.#kept.splice(0, keptMax);
  }

  last(): readonly string[] {
    return this.#kept.slice(-keptMax).map(({ at, say }) => `${String(at).padStart(9)} ms  ${say()}`);
  }
}

/** What may change later is read now. */
function sayFact(fact: Fact): () => string {
  switch (fact.type) {
    case "decided":
      return () =>
        `decided  ${sayInput(fact.input)} → ${fact.turn.events.map(({ type }) => type).join(", ") || "nothing"}${
          fact.turn.effects.length === 0 ? "" : ` | ${fact.turn.effects.map(sayEffect).join(", ")}`
        }`;
    case "evolved":
      return () => `evolved  ${fact.events.map(sayEvent).join("; ")}`;
    case "committed":
      return () => `durable  ${fact.events.map(({ id }) => id).join(" ")}`;
    case "recovered": {
      const { lastEvent } = fact.state;
      return () => `kernel recovered up to event ${lastEvent}`;
    }
    case "took_over":
      return () =>
        `kernel took over; survivors: ${fact.survivors.map((one) => `${one.tenant}#${one.incarnation} (${one.phase})`).join(", ") || "none"}`;
    case "answered":
      return () =>
        `answered ${fact.order.command.type}: ${isRefusal(fact.answer) ? fact.answer.refused : fact.answer.outcome.name}`;
    case "settled":
      return () =>
        `settled  ${fact.at.tenant}/${fact.at.service}: ${isRefusal(fact.outcome) ? fact.outcome.refused : fact.outcome.name}`;
    case "life_began":
      return () => `TRUTH    began: ${sayLife(fact.life)}`;
    case "life_ended":
      return () => `TRUTH    ended: ${sayLife(fact.life)}: ${sayDeath(fact.death)}`;
    case "cell_ended":
      return () =>
        `TRUTH    cell ${fact.cell} ended: ${sayDeath({ type: "cell_lost", loss: fact.loss, inFlight: "no" })}`;
    case "kernel_died":
      return () => `KERNEL DIED ${fact.point}`;
    default:
      return () => fact.type;
  }
}

function sayEffect(effect: { readonly type: string; readonly tenant: string; readonly incarnation?: number }): string {
  return `${effect.type} ${effect.tenant}${effect.incarnation === undefined ? "" : `#${effect.incarnation}`}`;
}

function sayEvent(event: Event): string {
  const payload = event.payload;
  const incarnation = payload !== undefined && "incarnation" in payload ? `#${payload.incarnation}` : "";
  const death = payload !== undefined && "death" in payload ? ` (${sayDeath(payload.death)})` : "";
  return `${event.id} ${event.type} ${event.tenant ?? ""}/${event.subject}${incarnation}${death}`;
}

function sayInput(input: Input): string {
  switch (input.type) {
    case "command": {
      const { command, principal, request } = input;
      const of = "tenant" in command ? ` ${command.tenant}` : "";
      const service = "service" in command ? `/${command.service}` : "";
      const by = principal.role === "admin" ? "admin" : principal.tenant;
      return `${command.type}${of}${service} by ${by}${request === undefined ? "" : ` as ${request.id}`}`;
    }
    case "started":
      return `started ${input.tenant}#${input.incarnation} in ${input.cell}`;
    case "ended":
      return `ended ${input.tenant}#${input.incarnation}: ${sayDeath(input.death)}`;
    case "cell_lost":
      return `cell_lost ${input.cell} with ${input.victims.map(({ incarnation }) => incarnation).join(", ")}`;
    default:
      return input.type;
  }
}
