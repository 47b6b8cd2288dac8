/** The handlers of all implemented operations: a row is missing, or one too many, and this does not compile. */
import type { StreamName, UnaryName } from "../../api/index.ts";
import { audit } from "./audit.ts";
import { call } from "./call.ts";
import { cast } from "./cast.ts";
import { createTenant } from "./create-tenant.ts";
import { deleteTenant } from "./delete-tenant.ts";
import { deploy } from "./deploy.ts";
import type { StreamHandler, UnaryHandler } from "./handler.ts";
import { issueCertificate } from "./issue-certificate.ts";
import { kill } from "./kill.ts";
import { list } from "./list.ts";
import { listTenants } from "./list-tenants.ts";
import { queryEvents } from "./query-events.ts";
import { replayState } from "./replay-state.ts";
import { shutdown } from "./shutdown.ts";
import { status } from "./status.ts";
import { validate } from "./validate.ts";
import { verifyLog } from "./verify-log.ts";
import { watch } from "./watch.ts";
import { watchEvents } from "./watch-events.ts";

export const unaryHandlers: { readonly [K in UnaryName]: UnaryHandler<K> } = {
  deploy,
  status,
  kill,
  list,
  call,
  cast,
  validate,
  queryEvents,
  replayState,
  verifyLog,
  audit,
  createTenant,
  deleteTenant,
  listTenants,
  issueCertificate,
  shutdown,
};

export const streamHandlers: { readonly [K in StreamName]: StreamHandler<K> } = { watch, watchEvents };
