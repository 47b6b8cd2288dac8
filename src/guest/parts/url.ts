/** `URL` and `URLSearchParams`, by the package that is the standard's own reference. */
import { URL, URLSearchParams } from "whatwg-url";
import { withNames } from "./platform.ts";

export const make = (): object => withNames({ URL, URLSearchParams });
