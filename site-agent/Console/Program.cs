return await FederatedClinicalMl.SiteAgent.StewardConsole.CommandLine.RunAsync(args);
