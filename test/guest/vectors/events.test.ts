/** Events, abortion and small things, in a guest: as in Node. */
import { holds } from "./as-node.ts";

const ofNode = "it is Node that deviates";

holds(
  "events and abortion are as in Node",
  `
  new Event()
  (() => { const e = new Event("x"); return [e.type, e.bubbles, e.cancelable, e.defaultPrevented, e.target, e.currentTarget, e.eventPhase, e.isTrusted, e.composed, e.returnValue, e.cancelBubble]; })()
  (() => { const e = new Event(5, { bubbles: 1, cancelable: "x", composed: true }); return [e.type, e.bubbles, e.cancelable, e.composed]; })()
  [Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE, new Event("x").AT_TARGET]
  (() => { const e = new Event("x", { cancelable: true }); e.preventDefault(); return [e.defaultPrevented, e.returnValue]; })()
  (() => { const e = new Event("x"); e.preventDefault(); return e.defaultPrevented; })()
  (() => { const e = new CustomEvent("x", { detail: [1] }); return [e.detail, new CustomEvent("y").detail, e instanceof Event]; })()
  (() => { const t = new EventTarget(); const seen = []; t.addEventListener("x", (e) => seen.push(e.type, e.target === t, e.currentTarget === t, e.eventPhase, e.composedPath().length)); const e = new Event("x"); const r = t.dispatchEvent(e); return [seen, r, e.target === t, e.currentTarget, e.eventPhase, e.composedPath().length]; })()
  (() => { const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener("x", f); t.addEventListener("x", f); t.addEventListener("x", f, true); t.dispatchEvent(new Event("x")); return n; })()
  (() => { const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener("x", f, { once: true }); t.dispatchEvent(new Event("x")); t.dispatchEvent(new Event("x")); return n; })()
  (() => { const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener("x", f, true); t.removeEventListener("x", f); t.dispatchEvent(new Event("x")); t.removeEventListener("x", f, { capture: true }); t.dispatchEvent(new Event("x")); return n; })()
  (() => { const t = new EventTarget(); const seen = []; t.addEventListener("x", (e) => { seen.push(1); e.stopImmediatePropagation(); }); t.addEventListener("x", () => seen.push(2)); t.dispatchEvent(new Event("x")); return seen; })()
  (() => { const t = new EventTarget(); const seen = []; t.addEventListener("x", () => { seen.push(1); t.addEventListener("x", () => seen.push(3)); }); t.addEventListener("x", () => seen.push(2)); t.dispatchEvent(new Event("x")); return seen; })()
  (() => { const t = new EventTarget(); const seen = []; const later = () => seen.push(2); t.addEventListener("x", () => { seen.push(1); t.removeEventListener("x", later); }); t.addEventListener("x", later); t.dispatchEvent(new Event("x")); return seen; })()
  (() => { const t = new EventTarget(); const seen = []; t.addEventListener("x", { handleEvent(e) { seen.push(this.me, e.type); }, me: 5 }); t.dispatchEvent(new Event("x")); return seen; })()
  (() => { const t = new EventTarget(); let self; t.addEventListener("x", function () { self = this; }); t.dispatchEvent(new Event("x")); return self === t; })()
  (() => { const t = new EventTarget(); const e = new Event("x", { cancelable: true }); t.addEventListener("x", (e) => e.preventDefault()); return t.dispatchEvent(e); })()
  (() => { const t = new EventTarget(); const e = new Event("x", { cancelable: true }); t.addEventListener("x", (e) => e.preventDefault(), { passive: true }); return t.dispatchEvent(e); })()
  (() => { const t = new EventTarget(); const c = new AbortController(); let n = 0; t.addEventListener("x", () => n++, { signal: c.signal }); t.dispatchEvent(new Event("x")); c.abort(); t.dispatchEvent(new Event("x")); return n; })()
  (() => { const t = new EventTarget(); let n = 0; t.addEventListener("x", () => n++, { signal: AbortSignal.abort() }); t.dispatchEvent(new Event("x")); return n; })()
  (() => { const t = new EventTarget(); const e = new Event("x"); let inner; t.addEventListener("x", () => { try { t.dispatchEvent(e); } catch (error) { inner = error.name; } }); t.dispatchEvent(e); return inner; })()
  new EventTarget().dispatchEvent({ type: "x" })
  new EventTarget().dispatchEvent()
  new EventTarget().addEventListener("x", null)
  new EventTarget().addEventListener("x", 5)
  new EventTarget().addEventListener("x")
  (() => { class Mine extends EventTarget { constructor() { super(); this.n = 0; this.addEventListener("x", () => this.n++); } } const m = new Mine(); m.dispatchEvent(new Event("x")); return m.n; })()
  Object.prototype.toString.call(new Event("x")) + Object.prototype.toString.call(new EventTarget()) + Object.prototype.toString.call(new CustomEvent("x"))
  new AbortSignal()
  (() => { const c = new AbortController(); c.abort(); return [c.signal.aborted, c.signal.reason.name, c.signal.reason.code, c.signal.reason instanceof DOMException]; })()
  (() => { const c = new AbortController(); c.abort(5); c.abort(6); return c.signal.reason; })()
  (() => { const c = new AbortController(); c.abort(null); return c.signal.reason; })()
  (() => { const c = new AbortController(); c.signal.throwIfAborted(); c.abort(new RangeError("r")); c.signal.throwIfAborted(); })()
  (() => { const c = new AbortController(); const seen = []; c.signal.onabort = (e) => seen.push("on", e.type, e.target === c.signal); c.signal.addEventListener("abort", () => seen.push("listener")); c.abort(); return seen; })()
  (() => { const c = new AbortController(); const seen = []; c.signal.addEventListener("abort", () => seen.push("listener")); c.signal.onabort = () => seen.push("on"); c.signal.onabort = () => seen.push("other"); c.abort(); c.abort(); return seen; })()
  (() => { const s = AbortSignal.abort(); return [s.aborted, s.reason.name]; })()
  AbortSignal.abort(7).reason
  new Promise((done) => { const s = AbortSignal.timeout(1); s.onabort = () => done([s.reason.name, s.reason.code]); })
  AbortSignal.timeout(-1)
  AbortSignal.timeout("x")
  AbortSignal.timeout()
  (() => { const a = new AbortController(), b = new AbortController(); const s = AbortSignal.any([a.signal, b.signal]); b.abort("b"); a.abort("a"); return [s.aborted, s.reason]; })()
  (() => { const s = AbortSignal.any([AbortSignal.abort(1), AbortSignal.abort(2)]); return s.reason; })()
  AbortSignal.any([]).aborted
  AbortSignal.any([{}])
  AbortSignal.any()
  (() => { const a = new AbortController(); const seen = []; const s = AbortSignal.any([a.signal]); const u = AbortSignal.any([s]); u.onabort = () => seen.push(u.aborted, s.aborted); a.abort(); return seen; })()
  (() => { const e = new DOMException("m", "AbortError"); return [e.name, e.message, e.code, e instanceof Error, String(e)]; })()
  (() => { const e = new DOMException(); return [e.name, e.message, e.code]; })()
  (() => { const e = new DOMException("m", { name: "DataError", cause: 5 }); return [e.name, e.cause]; })()
  [DOMException.DATA_CLONE_ERR, DOMException.ABORT_ERR, new DOMException().TIMEOUT_ERR, DOMException.INVALID_CHARACTER_ERR, DOMException.NO_MODIFICATION_ALLOWED_ERR]
  ["IndexSizeError", "SecurityError", "NetworkError", "URLMismatchError", "Mine", "constructor"].map((name) => new DOMException("", name).code)
  DOMException.name + typeof new DOMException().stack
  structuredClone()
  (() => { const b = new ArrayBuffer(3); return structuredClone(b, { transfer: [] }).byteLength; })()
  (() => { const b = new ArrayBuffer(3); return structuredClone(b, { transfer: [b] }).byteLength; })()
  (() => { const b = new ArrayBuffer(3); structuredClone(b, { transfer: [b] }); return b.byteLength; })()
  structuredClone(1, 5)
  typeof performance.now() + typeof performance.timeOrigin
  Object.prototype.toString.call(performance)
  queueMicrotask(5)
  atob()
  btoa()
  atob(null)
  btoa(null)
  `,
  {
    "(() => { const b = new ArrayBuffer(3); structuredClone(b, { transfer: [b] }); return b.byteLength; })()":
      "nothing is transferred: what should be, is copied",
    'new EventTarget().addEventListener("x")': "a missing argument is undefined",
    '(() => { const t = new EventTarget(); const e = new Event("x"); let inner; t.addEventListener("x", () => { try { t.dispatchEvent(e); } catch (error) { inner = error.name; } }); t.dispatchEvent(e); return inner; })()':
      ofNode,
    '(() => { const t = new EventTarget(); const seen = []; t.addEventListener("x", () => { seen.push(1); t.addEventListener("x", () => seen.push(3)); }); t.addEventListener("x", () => seen.push(2)); t.dispatchEvent(new Event("x")); return seen; })()':
      ofNode,
    "AbortSignal.timeout(-1)": ofNode,
    '[Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE, new Event("x").AT_TARGET]': ofNode,
  },
);
