/** `@web-std/file`, for tests that ask for it where there is no File. */
export const { File } = globalThis;
