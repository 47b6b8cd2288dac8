/**
 * What a service may import. All of its code is there when it is deployed, so that what was checked is what runs; the one
 * module from elsewhere is Solo's own.
 */
import { isBuiltin } from "node:module";

export const moduleAllowed = "solo:service";

/**
 * Whether a source might import anything else. Cheap: a string or a comment may look like an import, which costs a closer
 * look, so one that only ends in "from" must not. A dynamic import is always the letters `import` (a keyword cannot be
 * escaped), then blanks or comments, then `(` or `.`. A static one whose module's name goes on in another line is not seen
 * here: V8 names it if the code needs it, and the transform dropped it if not.
 */
export const mightImport = (text: string): boolean =>
  /\bimport\s*[(./]/.test(text) || /\b(?:from|import)\s*(["'])(?!solo:service\1)(?:(?!\1).)*\1/.test(text);

/** What is wrong with importing `specifier`, and what to do about it. */
export function sayImport(specifier: string): string {
  const no = `cannot import ${JSON.stringify(specifier.slice(0, 100))}: a service may import only "${moduleAllowed}"`;
  if (isBuiltin(specifier)) {
    return `${no}. A service has no files, network or processes of its own; such powers are granted to it as capabilities.`;
  }
  return specifier.startsWith(".") || specifier.startsWith("/")
    ? `${no}. Put the service into one file, or bundle it and deploy the bundle.`
    : `${no}. Bundle the package into the service's file and deploy the bundle.`;
}

export const dynamicImport =
  "import() is not available: all code of a service is there when it is deployed. Use a static import, or bundle the code into one file.";
