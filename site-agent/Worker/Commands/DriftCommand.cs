using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker drift</c>: whether the site's data still is what models were trained on.</summary>
internal static class DriftCommand
{
    private const string Alarm = nameof(ClinicalData.DriftVerdict.Alarm);
    private const string Correlation = $"({nameof(ClinicalData.DriftTest.Correlation)})";

    public static Command Create() => new("drift", "Whether this site's rows still are like those on which a study's model was trained.") { Check() };

    private static Command Check()
    {
        var (data, json, digest) = (CommandLine.Data(), CommandLine.Json(), new Argument<string>("digest") { Description = "Digest of the study, or a prefix that names one." });
        var from = new Option<string>("--from") { Description = "Holds rows predicted from this day on (2018-01-31) against those before it; without it, all rows against those of the last run.", DefaultValueFactory = _ => "" };
        var by = new Option<string>("--by") { Description = "Window by window: each against the rows before --from, or without it against the first windows that have 500 rows together.", DefaultValueFactory = _ => "" };
        by.AcceptOnlyFromAmong("year", "quarter", "month");
        var all = new Option<bool>("--all") { Description = "Shows every test, not only alarms; of windows, not only the most telling of each feature." };
        var command = new Command("check", "Holds the rows of a study over events against earlier ones: distributions, missing values, outcome, correlations. Exit code 1 where there is an alarm.") { digest, data, from, by, all, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.CheckDriftAsync(
                new DriftRequest { Study = parsed.GetRequiredValue(digest), From = parsed.GetRequiredValue(from), By = parsed.GetRequiredValue(by) }, cancellationToken: cancel);
            CommandLine.Print(parsed.GetValue(json), reply, writer =>
            {
                var tests = reply.Results.Count + reply.Windows.Sum(window => window.Results.Count);
                writer.WriteLine($"{reply.What}; check {reply.Number}: {tests} tests, {reply.Alarms} alarms");
                foreach (var line in reply.Results.Where(line => parsed.GetValue(all) || line.Verdict == Alarm))
                    writer.WriteLine($"{Describe(line)}; {line.ReferenceRows} against {line.CurrentRows} rows");
                Write(writer, reply, parsed.GetValue(all));
            });
            return reply.Alarms == 0 ? CommandLine.Done : CommandLine.Refused;
        });
        return command;
    }

    // Window by window, of each feature its most telling test: an alarm, else the least q.
    private static void Write(TextWriter writer, DriftReply reply, bool all)
    {
        foreach (var window in reply.Windows)
        {
            writer.WriteLine($"{window.Name}: {window.Rows} rows");
            foreach (var subject in window.Results.GroupBy(line => line.Subject))
            {
                var lines = subject.OrderByDescending(line => line.Verdict == Alarm).ThenBy(line => double.IsNaN(line.Q) ? 2 : line.Q).ToList();
                // A correlation is one test of a pair; there are many.
                var isShown = lines[0].Verdict == Alarm || !lines[0].Name.Contains(Correlation, StringComparison.Ordinal);
                foreach (var line in all ? lines : isShown ? lines.Take(1) : [])
                    writer.WriteLine($"  {Describe(line)}");
            }
        }

        if (reply.First.Count > 0)
            writer.WriteLine($"First window of what drifted: {string.Join("; ", reply.First.Select(first => $"{first.Subject} {first.Window}"))}");
    }

    private static string Describe(DriftLine line) => string.Create(CultureInfo.InvariantCulture,
        $"{line.Verdict,-13} {line.Name}: effect {line.Effect:G3} (threshold {line.Threshold:G3}, by chance below {line.NullQuantile:G3}), q {line.Q:G2}");
}
