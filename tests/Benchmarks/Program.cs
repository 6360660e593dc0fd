using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using FederatedClinicalMl.Benchmarks;

if (args is ["clinical", .. var what])
    return ClinicalBars.Run(what);
if (args is ["scoring"])
    return await ScoringBars.RunAsync();
if (args is ["private", .. var options])
    return PrivateTrainingBenchmarks.Run(options);
if (args is ["encrypted"])
{
    HomomorphicRoundBenchmarks.PrintBytes(Console.Out);
    return 0;
}

// In this process: the generated projects of the other toolchains would be built under this repository's rules for code.
var config = ManualConfig.Create(DefaultConfig.Instance)
    .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
    .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "fcml-benchmarks"));
BenchmarkSwitcher.FromAssembly(typeof(ClinicalBars).Assembly).Run(args, config);
return 0;
