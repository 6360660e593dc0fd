using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary><c>fcml bench rounds</c>: what a round costs, by model size and number of sites.</summary>
internal static class RoundsVerb
{
    private const int MostSites = 64;

    public static Verb Create(TimeProvider time)
    {
        var sites = Number("--sites", $"How many sites, 1 to {MostSites} (default 4).", MostSites);
        var megabytes = Number("--megabytes", $"Size of the model: millions of bytes of float32 parameters, 1 to {BenchCase.MostMegabytes} (default 1).", BenchCase.MostMegabytes);
        var rounds = Number("--rounds", $"How many rounds, 1 to {BenchCase.MostRounds} (default 20, 10 or 5 by the model's size).", BenchCase.MostRounds);
        var aggregation = new Option<string>("--aggregation") { Description = "How updates are summed.", DefaultValueFactory = _ => "plain" }.AcceptOnlyFromAmong([.. AggregationWords.All]);
        var bits = new Option<int>("--bits") { Description = "Bits of each coordinate of an update.", DefaultValueFactory = _ => 32 };
        bits.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValue(bits) is not (8 or 16 or 24 or 32))
                result.AddError("--bits is 8, 16, 24 or 32.");
        });
        var train = new Option<bool>("--train") { Description = "Measure two whole studies on generated rows instead." };
        var syncs = new Option<bool>("--syncs") { Description = "Count the processes' syncs with strace instead of taking times (Linux, as root)." };
        var folder = new Option<DirectoryInfo?>("--folder") { Description = "Folder to work in, on the disk to be measured; must be new or empty. Default: a new one below ~/.fcml/bench." };
        return new Verb(
            "rounds",
            "Measure rounds: coordinator, gateways and workers as processes, mutual TLS on loopback, every digest, copy and sync of production. Without sizes: a series.",
            "fcml bench rounds", "fcml bench rounds --sites 4 --megabytes 10 --rounds 20 --json", "fcml bench rounds --sites 4 --megabytes 1 --aggregation secure", "fcml bench rounds --train")
        {
            sites, megabytes, rounds, aggregation, bits, train, syncs, folder,
        }.Does(async (parsed, terminal, cancel) =>
        {
            var (many, large, often) = (parsed.GetValue(sites), parsed.GetValue(megabytes), parsed.GetValue(rounds));
            if (parsed.GetValue(train) && (parsed.GetValue(syncs) || parsed.GetResult(aggregation) is { Implicit: false } || parsed.GetResult(bits) is { Implicit: false } || (many ?? large ?? often) is not null))
                throw new CliException(ExitCode.Usage, $"--train measures two studies of {TrainingBench.Sites} sites and {TrainingBench.Rounds} rounds as they are: give no other option but --folder.");
            var root = parsed.GetValue(folder)?.FullName
                ?? Path.Combine(FcmlHome.Path, "bench", time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));
            if (Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any())
                throw new CliException(ExitCode.Usage, $"{root} is not empty; name another folder with --folder.");
            Directory.CreateDirectory(root);
            BenchReport.Show(DiskSpeed.Measure(root, time), terminal);
            if (parsed.GetValue(train))
            {
                await TrainAsync(root, terminal, time, cancel);
            }
            else
            {
                var cases = many is null && large is null ? BenchCase.Series(often) : [BenchCase.Of(many ?? 4, large ?? 1, often)];
                var summed = Enum.GetValues<Aggregation>().Single(one => one.Word() == parsed.GetValue(aggregation));
                await MeasureAsync([.. cases.Select(one => one with { Aggregation = summed, Bits = parsed.GetValue(bits) })], parsed.GetValue(syncs), root, terminal, time, cancel);
            }

            Directory.Delete(root, recursive: true);
            return ExitCode.Success;
        });
    }

    private static async Task MeasureAsync(IReadOnlyList<BenchCase> cases, bool countSyncs, string root, Terminal terminal, TimeProvider time, CancellationToken cancel)
    {
        var all = new List<RoundFigures>();
        foreach (var measured in cases)
        {
            // Removed after each: the series writes more than most would like to keep. What a fault leaves is there to be looked at.
            var folder = Path.Combine(root, $"{measured.Sites}x{measured.Megabytes}");
            all.Add(await new RoundBench(measured, folder, time, countSyncs).RunAsync(cancel));
            Directory.Delete(folder, recursive: true);
            BenchReport.Show(all[^1], terminal);
        }

        BenchReport.ShowGrowth(all, terminal);
    }

    private static async Task TrainAsync(string root, Terminal terminal, TimeProvider time, CancellationToken cancel)
    {
        for (var i = 0; i < TrainingBench.Models.Count; i++)
        {
            var (name, yaml) = TrainingBench.Models[i];
            BenchReport.ShowTraining(name, await TrainingBench.RunAsync(yaml, Path.Combine(root, $"train-{i + 1}"), time, cancel), terminal);
        }
    }

    private static Option<int?> Number(string name, string description, int most)
    {
        var option = new Option<int?>(name) { Description = description };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is { } value && (value < 1 || value > most))
                result.AddError($"{name} is a whole number from 1 to {most}.");
        });
        return option;
    }
}
