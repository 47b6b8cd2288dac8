/**
 * P2, no ambient authority, as far as commands reach: what an agent asks touches its own tenant alone, and of others it learns
 * nothing, not even that they are there. What is refused changes nothing.
 */
import { isRefusal } from "../../base/index.ts";
import { type Checker, type Fact, promise } from "../world/facts.ts";

const check: ReturnType<typeof promise> = promise("P2");

const adminOnly = new Set(["create_tenant", "delete_tenant", "issue_certificate", "shut_down"]);

export function p2Authority(): Checker {
  return { promise: "P2", see };
}

function see(fact: Fact): void {
  if (fact.type !== "decided" || fact.input.type !== "command") return;
  const { principal, command } = fact.input;
  const { reply, events, effects } = fact.turn;
  check(reply !== undefined, "a command had no answer");
  if (isRefusal(reply)) {
    check(
      events.length === 0 && effects.length === 0,
      `a refused ${command.type} (${reply.refused}) changed something`,
    );
  }
  if (principal.role === "admin") return;
  const { tenant: own } = principal;
  for (const { actor, tenant, type } of events) {
    check(actor === `tenant ${own}` || actor === "solo", `${type}, asked for by ${own}, is said to be of ${actor}`);
    check(actor === "solo" || tenant === own, `${own} caused ${type} in ${tenant ?? "the node"}`);
    // Another tenant's recovery may get the place that this turn made free, and nothing else.
    check(tenant === own || type === "service_restarting", `${own} led to ${type} in ${tenant ?? "the node"}`);
  }
  if (adminOnly.has(command.type)) check(isRefusal(reply), `${own} did what is the administrators': ${command.type}`);
  if ((command.type !== "deploy" && command.type !== "kill") || command.tenant === own) return;
  check(isRefusal(reply), `${own} could ${command.type} in ${command.tenant}`);
  const same = command.type === "deploy" ? "TENANT_NOT_FOUND" : "SERVICE_NOT_FOUND";
  // The kernel may also be starting, or stopping: that tells nothing of a tenant.
  check(
    reply.refused === same || reply.refused === "STARTING" || reply.refused === "SHUTTING_DOWN",
    `${own} learned of ${command.tenant}: ${reply.refused}`,
  );
}
