export { ChunkAssembler, splitResult } from './chunks.ts'
export { type CloseReason, closeCodes } from './close-codes.ts'
export { decodeBinary, decodeJson, encodeBinary, encodeJson, findResult } from './codec.ts'
export {
  type HelloRequest,
  type HelloResponse,
  type Request,
  type Response,
  parseRequest,
} from './messages.ts'
export { type StatusEntry, statusCatalogue } from './status-catalogue.ts'
