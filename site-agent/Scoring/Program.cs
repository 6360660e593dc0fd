return await FederatedClinicalMl.SiteAgent.Scoring.CommandLine.RunAsync(args);
