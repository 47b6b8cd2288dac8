/** A cell of a measurement's own. */
import { type CellProcess, startCell } from "../../test/cell/cell-process.ts";

export async function withCell<T>(run: (cell: CellProcess) => Promise<T>): Promise<T> {
  const cell = await startCell();
  try {
    return await run(cell);
  } finally {
    await cell.kill();
  }
}
