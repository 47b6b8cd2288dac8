/**
 * The service that calls others and times them, as the members of its class.
 *
 * A guest's clock ticks in whole milliseconds, so that it times nothing finer by itself. Many calls together are timed by it as
 * they are (`repeat`, `casts`). A single one (`one`) begins at a tick; after its answer, turns of a loop are counted until the
 * next tick, and a whole tick's turns, counted apart (`tick`), say how much of the last millisecond was left. Who loses its core
 * meanwhile counts too few of them: its figure is too large, by less than a millisecond. That is much for a single call within a
 * cell: there it is some calls in a row. With no calls at all, it finds its own error.
 */
export const caller = `
  ping() { return 1; }
  async through(to) { return (await this.lookup(to)).call.add(1); }

  async repeat(to, count, inFlight) {
    const { call } = await this.lookup(to);
    const from = Date.now();
    let left = count;
    const loop = async () => { while (left-- > 0) await call.add(1); };
    await Promise.all(Array.from({ length: inFlight }, loop));
    return Date.now() - from;
  }

  // The call comes behind the casts: its answer says that all of them were handled.
  async casts(to, count) {
    const { call, cast } = await this.lookup(to);
    const from = Date.now();
    for (let n = 0; n < count; n++) cast.add(1);
    await call.add(0);
    return Date.now() - from;
  }

  untilTick() {
    const now = Date.now();
    let turns = 0;
    while (Date.now() === now) turns++;
    return turns;
  }
  tick() { this.untilTick(); return this.untilTick(); }

  // Microseconds from the sending of \`atOnce\` calls to the answer of one of them; or for each of \`times\` such, one after the other.
  async one(to, atOnce, which, times, turnsPerTick) {
    const { call } = await this.lookup(to);
    this.untilTick();
    const from = Date.now();
    let calls = [];
    for (let n = 0; n < times; n++) {
      calls = Array.from({ length: atOnce }, () => call.add(1));
      await calls[which];
    }
    const at = Date.now();
    const left = this.untilTick() / turnsPerTick;
    await Promise.all(calls);
    return ((at + 1 - left - from) / times) * 1_000;
  }`;
