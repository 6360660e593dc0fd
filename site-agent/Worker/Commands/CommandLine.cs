namespace FederatedClinicalMl.SiteAgent.Worker;
public static class CommandLine { public static Task<int> RunAsync(string[] args) => Task.FromResult(args.Length); }
