using FederatedClinicalMl.Cli;

return await FcmlCommand.RunAsync(args, TimeProvider.System);
