return await FederatedClinicalMl.SiteAgent.Worker.CommandLine.RunAsync(args);
