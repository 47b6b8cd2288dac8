/** What this node tells of itself to whoever audits it. */
import process from "node:process";
import type { Inspection } from "../gateways/index.ts";
import type { Builder, Cells } from "../host/index.ts";
import type { Census } from "./census.ts";
import type { Config } from "./config.ts";
import type { Begin } from "./init-channel.ts";
import type { Resources } from "./resources.ts";

export interface InspectedParts {
  readonly begin: Begin;
  readonly config: Config;
  readonly cellRssBytesMax: Inspection["cellRssBytesMax"];
  readonly builder: Builder;
  readonly cells: Cells;
  readonly census: Census;
  readonly resources: Resources;
}

const runtime = {
  node: process.versions.node,
  v8: process.versions.v8,
  platform: `${process.platform} ${process.arch}`,
};

export const inspect = (parts: InspectedParts): Inspection => ({
  boot: parts.begin.boot,
  osPid: process.pid,
  runtime,
  sandbox: parts.begin.sandboxFound,
  settings: { ...parts.config },
  cellRssBytesMax: parts.cellRssBytesMax,
  servicesPerCellMax: parts.config.servicesPerCellMax,
  isBuilderUp: parts.builder.isUp,
  cells: parts.cells.census().map(({ osPid, tenant, ...one }) => ({
    ...one,
    ...(tenant === undefined ? {} : { tenant }),
    ...(osPid === undefined ? {} : { osPid }),
    ...parts.census.find(one.cell),
  })),
  pressing: parts.resources.pressing,
});
