return await FederatedClinicalMl.SiteAgent.Gateway.CommandLine.RunAsync(args);
