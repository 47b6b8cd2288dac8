/**
 * wire: the pipe. Every message between kernel, cells, builder and init, as unions with the shapes that parse them, and
 * the frames they travel in. Pure ECMAScript. Keeps P6: what a peer sends is bounded before it is believed.
 */
export {
  type BuilderToKernel,
  builderToKernelShape,
  type Diagnostic,
  diagnosticShape,
  type KernelToBuilder,
  kernelToBuilderShape,
} from "./builder.ts";
export {
  type CallMark,
  type CellReport,
  type CellToKernel,
  cellToKernelShape,
  type KernelToCell,
  kernelToCellShape,
  lanes,
  reportShape,
} from "./cell.ts";
export {
  cellFlags,
  descriptors,
  heartbeatMs,
  imageFiles,
  jailedArgument,
  lockFile,
  pidPlaceholder,
} from "./command.ts";
export {
  flightPlaces,
  type FlightRecord,
  flightRecordBytes,
  flightRecordMark,
  type RecordedTurn,
  recordedTurnShape,
  readFlightRecord,
  threadedTurnsMax,
} from "./flight-record.ts";
export { type BrokenFrame, encodeFrame, type Frame, FrameReader, protocolVersion } from "./frame.ts";
export {
  asks,
  fromGuest,
  type FromGuest,
  fromGuestFields,
  type GuestConfiguration,
  guestLevels,
  itemWidth,
  namesOfParts,
  type PartName,
  partNames,
  senderOf,
  serviceOfSender,
  timerModes,
  toGuest,
} from "./guest.ts";
export {
  type DeadCell,
  type InitToKernel,
  initToKernelShape,
  heirArgument,
  kernelRefusedExitCode,
  type KernelToInit,
  kernelToInitShape,
  type LivingCell,
} from "./init.ts";
export {
  type CallFailure,
  callFailureShape,
  callIdShape,
  cellShape,
  chainShape,
  type Designated,
  designatedShape,
  epochShape,
  type Executed,
  executedShape,
  incarnationShape,
  type Level,
  levelShape,
  methodShape,
  releaseShape,
  senderShape,
  serviceShape,
  type Slots,
  slotsShape,
  tenantShape,
  type Usage,
  usageShape,
} from "./words.ts";
