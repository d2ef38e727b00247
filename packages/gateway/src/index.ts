export { GatewayServer } from "./proxy/gateway-server.ts";
export type { ServerOptions } from "./proxy/gateway-server.ts";
