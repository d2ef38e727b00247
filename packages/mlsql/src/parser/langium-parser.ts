import {
  createDefaultCoreModule,
  createDefaultSharedCoreModule,
  EmptyFileSystem,
  inject,
  type LangiumCoreServices,
  type LangiumSharedCoreServices,
} from "./generated/langium.js";
import { MlsqlGeneratedModule, MlsqlGeneratedSharedModule } from "../generated/module.ts";
import { MlsqlTokenBuilder } from "./token-builder.ts";

let services: LangiumCoreServices | undefined;

/** Langium's services for MLSQL without a workspace or language server; made at the first call, then shared. */
export function mlsqlServices(): LangiumCoreServices {
  if (services) return services;
  const shared: LangiumSharedCoreServices = inject(
    createDefaultSharedCoreModule(EmptyFileSystem),
    MlsqlGeneratedSharedModule,
  );
  services = inject(createDefaultCoreModule({ shared }), MlsqlGeneratedModule, {
    parser: {
      TokenBuilder: () => new MlsqlTokenBuilder(),
      // Statements are parsed one by one, which recovers better than skipping tokens inside one.
      ParserConfig: () => ({ recoveryEnabled: false }),
    },
  });
  shared.ServiceRegistry.register(services);
  return services;
}
