return await FederatedClinicalMl.Coordinator.CommandLine.RunAsync(args);
