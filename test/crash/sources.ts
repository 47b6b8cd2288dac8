/** The services that the load deploys. */
const counter = (variant: number): Buffer =>
  Buffer.from(`
import { Service } from "solo:service";

/** Variant ${variant}: as many releases as variants. */
export default class Counter extends Service {
  count = 0;
  add() {
    this.count += 1;
    return this.get();
  }
  async addSlowly(ms: number) {
    await new Promise((done) => setTimeout(done, ms));
    return this.add();
  }
  get() {
    return { pid: this.pid, count: this.count, variant: ${variant} };
  }
}
`);

export const sources = { counter } as const;
