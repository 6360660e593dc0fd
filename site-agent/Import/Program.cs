return await FederatedClinicalMl.SiteAgent.Import.CommandLine.RunAsync(args);
