/**
 * decide: what an input leads to, as data. Pure, and total: it never throws for an input that type-checks; what is late,
 * repeated or unknown leads to nothing. A command is answered or refused, and a refused one changes nothing.
 */
import { type Instant, isRefusal, never, type Refusal, refuse } from "../base/index.ts";
import { Draft } from "./draft.ts";
import { circuitClosed, circuitOpened } from "./resources/circuit.ts";
import { pressure, relieve } from "./resources/pressure.ts";
import { violation } from "./resources/violation.ts";
import { booted, missing } from "./service/boot.ts";
import { cellLost } from "./service/cell-lost.ts";
import { deploy } from "./service/deploy.ts";
import { kill } from "./service/kill.ts";
import { nodeStopped } from "./service/node-stopped.ts";
import { resume, startDue } from "./service/restart.ts";
import { shutDown } from "./service/shut-down.ts";
import { started } from "./service/started.ts";
import { ended } from "./service/supervise.ts";
import type { State } from "./state.ts";
import { createTenant } from "./tenant/create-tenant.ts";
import { deleteTenant } from "./tenant/delete-tenant.ts";
import { issueCertificate } from "./tenant/issue-certificate.ts";
import { retired } from "./tenant/retired.ts";
import type { Input, Reply, Turn } from "./turn.ts";

export function decide(state: State, input: Input, now: Instant): Turn {
  const draft = new Draft(state, now);
  if (input.type === "booted") {
    booted(draft, input);
    return draft.turn();
  }
  if (state.phase === "stopped" && input.type !== "clock_jumped") {
    if (input.type !== "command") return draft.turn();
    return draft.turn(refuse(state.boot === "" ? "STARTING" : "SHUTTING_DOWN"));
  }
  const reply = react(draft, input);
  // Places for recoveries may have become free.
  const { suspended } = state.index;
  if (suspended.size > 0 && input.type !== "node_stopped" && !isRefusal(reply)) resume(draft, suspended.values());
  return draft.turn(reply);
}

function react(draft: Draft, input: Exclude<Input, { readonly type: "booted" }>): Reply | Refusal | undefined {
  switch (input.type) {
    case "command":
      return obey(draft, input);
    case "started":
      started(draft, input);
      return undefined;
    case "ended":
      ended(draft, input);
      return undefined;
    case "cell_lost":
      cellLost(draft, input);
      return undefined;
    case "violation":
      violation(draft, input);
      return undefined;
    case "circuit_opened":
      circuitOpened(draft, input);
      return undefined;
    case "circuit_closed":
      circuitClosed(draft, input);
      return undefined;
    case "pressure":
      pressure(draft, input);
      return undefined;
    case "relieve":
      relieve(draft, input);
      return undefined;
    case "missing":
      missing(draft, input);
      return undefined;
    case "woken":
      startDue(draft);
      return undefined;
    case "retired":
      retired(draft, input);
      return undefined;
    case "clock_jumped": {
      const { fromMs, toMs } = input;
      draft.record({ type: "clock_jumped", subject: "node", actor: "solo", payload: { fromMs, toMs } });
      return undefined;
    }
    case "node_stopped":
      nodeStopped(draft, input);
      return undefined;
    default:
      return never(input);
  }
}

function obey(draft: Draft, input: Extract<Input, { readonly type: "command" }>): Reply | Refusal {
  const { command } = input;
  switch (command.type) {
    case "create_tenant":
      return createTenant(draft, { ...input, command });
    case "delete_tenant":
      return deleteTenant(draft, { ...input, command });
    case "issue_certificate":
      return issueCertificate(draft, { ...input, command });
    case "deploy":
      return deploy(draft, { ...input, command });
    case "kill":
      return kill(draft, { ...input, command });
    case "shut_down":
      return shutDown(draft, { ...input, command });
    default:
      return never(command);
  }
}
