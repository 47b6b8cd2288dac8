/** `URL` and `URLSearchParams`, by the package that is the standard's own reference. */
import { URL, URLSearchParams } from "whatwg-url";

export const make = (): object => ({ URL, URLSearchParams });
