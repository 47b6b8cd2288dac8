/**
 * guest: IS HOSTED. The prelude that runs in every isolate before a tenant's code, and the types that authors write against
 * (`solo-service.d.ts`). A script (`prelude.ts`, bundled into the guest image): nobody imports it, so its door opens onto
 * nothing. May assume that the code beside it in the isolate is hostile, and captures what it needs before that code runs.
 */
export {};
