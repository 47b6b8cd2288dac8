/**
 * Refusals: every "no" that Solo can say, as data. One registry names each code with the gRPC status it becomes, whether
 * trying again can help, and the remedy that operators and agents read.
 */

/** The canonical gRPC status names that refusals use (https://grpc.io/docs/guides/status-codes/). */
export type StatusName =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "UNIMPLEMENTED"
  | "UNAVAILABLE"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED"
  | "INTERNAL"
  | "DATA_LOSS";

interface Entry {
  readonly status: StatusName;
  /** One sentence; `{name}` is filled from the refusal's detail. */
  readonly says: string;
  readonly remedy: string;
  /** May the same request succeed later without being changed? */
  readonly retry: "never" | "later";
}

const entry = (status: StatusName, says: string, remedy: string, retry: "never" | "later" = "never"): Entry => ({
  status,
  says,
  remedy,
  retry,
});

/** The registry. Codes are stable: they are part of the public contract and are never renamed. */
export const refusals = {
  // who asks
  NOT_ADMIN: entry("PERMISSION_DENIED", "{operation} is for administrators.", "Use the admin certificate."),
  CERTIFICATE_UNKNOWN: entry(
    "UNAUTHENTICATED",
    "The client certificate names no tenant or admin of this Solo.",
    "Issue a certificate with `solo cert issue`, or check that the tenant still exists.",
  ),
  CERTIFICATE_ISSUED: entry(
    "ALREADY_EXISTS",
    "The certificate of request_id {requestId} was issued before; its private key was shown then and is not kept.",
    "Ask with a fresh request_id to issue another.",
  ),
  CERTIFICATE_REVOKED: entry("UNAUTHENTICATED", "The client certificate was revoked.", "Issue a new certificate."),
  // what is asked
  INVALID_ARGUMENT: entry("INVALID_ARGUMENT", "{field}: {problem}.", "Correct the field and ask again."),
  SYNTAX_ERROR: entry(
    "INVALID_ARGUMENT",
    "The source does not compile: {file}:{line}:{column}: {message}",
    "Correct the source at the place shown.",
  ),
  UNIMPLEMENTED: entry("UNIMPLEMENTED", "{operation} is not available in this version.", "See the changelog."),
  FORMAT_UNSUPPORTED: entry(
    "UNIMPLEMENTED",
    "Code format {format} is not available in this version.",
    "Deploy TYPESCRIPT_SOURCE or JAVASCRIPT_BUNDLE.",
  ),
  REQUEST_ID_REUSED: entry(
    "INVALID_ARGUMENT",
    "request_id {requestId} was used for a different request.",
    "Use a fresh request_id for each distinct request.",
  ),
  // what is there
  SERVICE_NOT_FOUND: entry(
    "NOT_FOUND",
    "There is no service {service}.",
    "List services with `solo list`; names are case-sensitive.",
  ),
  TENANT_NOT_FOUND: entry("NOT_FOUND", "There is no tenant {tenant}.", "List tenants with `solo tenant list`."),
  TENANT_EXISTS: entry("ALREADY_EXISTS", "Tenant {tenant} exists.", "Choose another name."),
  SERVICE_EXISTS: entry(
    "ALREADY_EXISTS",
    "Service {service} is deployed and not stopped.",
    "Kill it first, or choose another name.",
  ),
  SERVICE_NOT_RUNNING: entry(
    "FAILED_PRECONDITION",
    "Service {service} is not running: {why}.",
    "See `solo status {service}`; deploy it again or wait for its restart.",
  ),
  METHOD_NOT_FOUND: entry(
    "NOT_FOUND",
    "Service {service} has no public method {method}.",
    "Call a public method of the exported class; names starting with _ or # and the callbacks are not callable.",
  ),
  EVENT_NOT_FOUND: entry("NOT_FOUND", "There is no event {event}.", "Ask for an id between 1 and the newest."),
  // limits
  QUOTA_EXCEEDED: entry(
    "RESOURCE_EXHAUSTED",
    "{what}: limit {limit}, wanted {wanted}.",
    "Free some, or raise the limit in the configuration.",
  ),
  TOO_LARGE: entry("RESOURCE_EXHAUSTED", "{what} is {size} bytes; the limit is {limit}.", "Send less."),
  OVERLOADED: entry(
    "RESOURCE_EXHAUSTED",
    "{what} is full ({limit}).",
    "Wait and try again; the request was not executed.",
    "later",
  ),
  MAILBOX_FULL: entry(
    "RESOURCE_EXHAUSTED",
    "The mailbox of {service} holds {limit}.",
    "Slow down, or raise message_queue_limit or max_memory_bytes; the message was not delivered.",
    "later",
  ),
  CIRCUIT_OPEN: entry(
    "UNAVAILABLE",
    "{service} failed {failures} times in a row and is left alone for {retryAfterMs} ms more.",
    "Wait; then one request is let through to try it. `solo why {service}` says how it failed.",
    "later",
  ),
  UNDER_PRESSURE: entry(
    "RESOURCE_EXHAUSTED",
    "The node takes no new services: {what} at {percent} %.",
    "Wait until it falls, end some services, or raise the machine's limit; running services go on.",
    "later",
  ),
  DISK_NEARLY_FULL: entry(
    "RESOURCE_EXHAUSTED",
    "The data directory's disk has {freeBytes} bytes free; changes stop at {limit}.",
    "Free disk space; running services go on.",
    "later",
  ),
  // outcomes of a deploy
  STARTUP_FAILED: entry(
    "FAILED_PRECONDITION",
    "Service {service} did not start: {why}",
    "Read the reason and the stack; mend the code and deploy again.",
  ),
  // outcomes of a call
  CALL_FAILED: entry("ABORTED", "{service}.{method} threw {name}: {message}", "See the stack in the error's details."),
  CALL_TIMEOUT: entry(
    "DEADLINE_EXCEEDED",
    "{service}.{method} did not answer within {limitMs} ms.",
    "The outcome is {outcome}. Raise timeout_ms or make the method quicker.",
    "later",
  ),
  CALL_LOST: entry(
    "UNAVAILABLE",
    "{service} gave no answer: {why}.",
    "The outcome is {outcome}; retry only what may run twice, or what was not executed.",
    "later",
  ),
  CALL_CYCLE: entry(
    "FAILED_PRECONDITION",
    "The call would wait for itself: {chain}.",
    "Use cast or send to break the cycle.",
  ),
  CALL_TOO_DEEP: entry("RESOURCE_EXHAUSTED", "The call chain is deeper than {limit}.", "Flatten the chain of calls."),
  NOT_SERIALIZABLE: entry(
    "INVALID_ARGUMENT",
    "{what} cannot be sent: {problem}.",
    "Send plain data: JSON, bytes, dates, maps, sets, bigints, errors; see docs/values.md.",
  ),
  // starting
  PORT_IN_USE: entry(
    "FAILED_PRECONDITION",
    "Something listens on {address} already.",
    "Stop it (is another Solo running?), or choose another address with --grpc HOST:PORT.",
  ),
  ADDRESS_UNUSABLE: entry(
    "FAILED_PRECONDITION",
    "{address} cannot be listened on: {why}.",
    "Choose an address of this machine and a port that you may use, with --grpc HOST:PORT.",
  ),
  DATA_DIR_LOCKED: entry(
    "FAILED_PRECONDITION",
    "The data directory {dataDir} is in use by {holder}.",
    "Stop that Solo with `solo stop`, or choose another directory with --data-dir.",
  ),
  DATA_DIR_NEWER: entry(
    "FAILED_PRECONDITION",
    "The data directory {dataDir} has format {format}; this Solo knows formats up to {known}.",
    "Start it with the newer Solo that wrote it, or choose another directory with --data-dir.",
  ),
  DATA_DIR_UNUSABLE: entry(
    "FAILED_PRECONDITION",
    "The data directory {dataDir} cannot be used: {why}.",
    "Choose an empty or new directory that you may write to, with --data-dir.",
  ),
  START_REFUSED: entry(
    "FAILED_PRECONDITION",
    "The kernel refused to start: {why}",
    "Mend what it names and start again.",
  ),
  CERTIFICATE_FILE_UNUSABLE: entry(
    "FAILED_PRECONDITION",
    "The certificate file {file} cannot be used: {why}.",
    "{mend}",
  ),
  SANDBOX_UNAVAILABLE: entry(
    "FAILED_PRECONDITION",
    "No tenant code runs without a sandbox: {why}",
    "See `solo doctor`. To run without one all the same, with code that you trust as yourself: --unsafe-no-sandbox, and no --require-layers that this machine lacks.",
  ),
  // the node's condition
  SHUTTING_DOWN: entry("UNAVAILABLE", "Solo is shutting down.", "Wait for it to start again.", "later"),
  STARTING: entry("UNAVAILABLE", "Solo is starting.", "Wait a moment.", "later"),
  SAFE_MODE: entry(
    "FAILED_PRECONDITION",
    "Solo runs in read-only safe mode because its kernel kept failing: {why}",
    "Read the kernel's log in the data directory, then restart Solo.",
  ),
  CELL_UNAVAILABLE: entry("UNAVAILABLE", "No cell could be made: {why}", "See `solo doctor`.", "later"),
  BUILDER_UNAVAILABLE: entry(
    "UNAVAILABLE",
    "The builder ended while it compiled: {why}",
    "Try again; if it repeats, the source is hostile or too large.",
    "later",
  ),
  STALE_EPOCH: entry(
    "FAILED_PRECONDITION",
    "Kernel epoch {epoch} is older than {current}.",
    "A newer kernel serves; reconnect.",
    "later",
  ),
  LOG_UNAVAILABLE: entry("UNAVAILABLE", "The event log cannot be read: {why}", "See `solo doctor`.", "later"),
  ARTIFACT_DAMAGED: entry(
    "DATA_LOSS",
    "Artifact {hash} does not match its hash.",
    "Restore the data directory from a backup, or deploy the service again.",
  ),
  INTERNAL: entry("INTERNAL", "Solo met a bug: {what}", "Report it with the kernel's log."),
} as const satisfies Record<string, Entry>;

export type RefusalCode = keyof typeof refusals;

/** Shown to users: short strings and numbers only; never secrets, code or another tenant's names. */
export type RefusalDetail = Readonly<Record<string, string | number>>;

export interface Refusal {
  readonly refused: RefusalCode;
  readonly detail: RefusalDetail;
}

export function refuse(code: RefusalCode, detail: RefusalDetail = {}): Refusal {
  return { refused: code, detail };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refused" in value && "detail" in value;
}

const fill = (text: string, detail: RefusalDetail): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(Object.hasOwn(detail, name) ? detail[name] : whole));

/** The sentence that says what was refused. */
export function say(refusal: Refusal): string {
  return fill(refusals[refusal.refused].says, refusal.detail);
}

/** The sentence that says what to do about it. */
export function remedy(refusal: Refusal): string {
  return fill(refusals[refusal.refused].remedy, refusal.detail);
}
