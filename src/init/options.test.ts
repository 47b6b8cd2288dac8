import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefusal } from "../base/index.ts";
import { parseAddress, parseOptions, sayAddress } from "./options.ts";

test("without arguments, Solo listens on loopback and keeps its data at home", () => {
  const options = parseOptions([], {});
  assert.ok(!isRefusal(options));
  assert.deepEqual(options.grpc, { host: "127.0.0.1", port: 50_051 });
  assert.match(options.dataDir, /^\/.*\/\.solo$/);
  assert.equal(options.shutdownMsMax, 40_000);
});

test("the data directory is the argument's, else the environment's, and absolute", () => {
  const dataDirOf = (args: readonly string[]): string => {
    const options = parseOptions(args, { SOLO_DATA_DIR: "/from/environment" });
    assert.ok(!isRefusal(options));
    return options.dataDir;
  };
  assert.equal(dataDirOf([]), "/from/environment");
  assert.equal(dataDirOf(["--data-dir", "/from/argument"]), "/from/argument");
  assert.match(dataDirOf(["--data-dir", "relative"]), /^\/.*\/relative$/);
});

test("addresses are of version 4 or 6, or localhost, with a port", () => {
  for (const text of ["127.0.0.1:50051", "0.0.0.0:0", "[::1]:443"]) {
    const address = parseAddress(text);
    assert.equal(address === undefined ? "" : sayAddress(address), text);
  }
  assert.deepEqual(parseAddress("localhost:1"), { host: "127.0.0.1", port: 1 });
  for (const text of ["", "50051", "127.0.0.1", "::1:443", "127.0.0.1:65536", "example.org:80", "127.0.0.1:-1"]) {
    assert.equal(parseAddress(text), undefined, text);
  }
});

test("what is not understood is refused by name", () => {
  const wrong = [["--nope"], ["stray"], ["--grpc", "x"], ["--shutdown-ms", "soon"], ["--builder-rss-max", "-1"]];
  for (const args of wrong) {
    const options = parseOptions(args, {});
    assert.ok(isRefusal(options), args.join(" "));
    assert.equal(options.refused, "INVALID_ARGUMENT");
  }
});

test("the sandbox is the strongest that holds, unless a tier is named", () => {
  const wishOf = (...args: readonly string[]) => {
    const options = parseOptions(args, {});
    return isRefusal(options) ? options.refused : options.sandbox;
  };
  assert.deepEqual(wishOf(), { tier: "auto", required: [], noneAllowed: false });
  assert.deepEqual(wishOf("--sandbox", "bwrap", "--require-layers", "memory,user"), {
    tier: "bubblewrap",
    required: ["memory", "user"],
    noneAllowed: false,
  });
  assert.deepEqual(wishOf("--sandbox", "none", "--unsafe-no-sandbox"), {
    tier: "none",
    required: [],
    noneAllowed: true,
  });
  assert.equal(wishOf("--sandbox", "docker"), "INVALID_ARGUMENT");
  assert.equal(wishOf("--require-layers", "files,walls"), "INVALID_ARGUMENT");
});
