/**
 * Requests and responses, as frameworks for the web expect them, and a `fetch` that refuses: a service reaches no network
 * unless a capability for it was granted.
 */
import type { Kit } from "../parts.ts";
import { Blob, File } from "./fetch/blob.ts";
import { FormData } from "./fetch/form-data.ts";
import { Headers } from "./fetch/headers.ts";
import { Request, Response } from "./fetch/messages.ts";
import { makePlain } from "./fetch/plain.ts";
import { withNames } from "./platform.ts";

export const make = ({ SoloError, Refusal }: Kit): object => ({ ...makePlain(Refusal), ...makePlatform(SoloError) });

const makePlatform = (SoloError: Kit["SoloError"]): object =>
  withNames({
    Blob,
    File,
    FormData,
    Headers,
    Request,
    Response,
    // A denied fetch is a rejection, as any failed one: it must not end the service that awaits it.
    fetch: async (): Promise<never> => {
      throw new SoloError(
        "CAPABILITY_REQUIRED",
        "this service has no network: no capability for it was granted (fetch refuses every address)",
      );
    },
  });
