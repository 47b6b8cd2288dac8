import manifest from "../../package.json" with { type: "json" };

/** Solo's own version, from its package. */
export const version: string = manifest.version;
