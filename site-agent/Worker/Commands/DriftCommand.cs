using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker drift</c>: whether the site's data still is what models were trained on.</summary>
internal static class DriftCommand
{
    public static Command Create() => new("drift", "Whether this site's rows still are like those on which a study's model was trained.") { Check() };

    private static Command Check()
    {
        var (data, json, digest) = (CommandLine.Data(), CommandLine.Json(), new Argument<string>("digest") { Description = "Digest of the study, or a prefix that names one." });
        var from = new Option<string>("--from") { Description = "Holds rows predicted from this day on (2018-01-31) against those before it; without it, all rows against those of the last run.", DefaultValueFactory = _ => "" };
        var all = new Option<bool>("--all") { Description = "Shows every test, not only alarms." };
        var command = new Command("check", "Holds the rows of a study over events against earlier ones: distributions, missing values, outcome, correlations. Exit code 1 where there is an alarm.") { digest, data, from, all, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.CheckDriftAsync(
                new DriftRequest { Study = parsed.GetRequiredValue(digest), From = parsed.GetRequiredValue(from) }, cancellationToken: cancel);
            CommandLine.Print(parsed.GetValue(json), reply, writer =>
            {
                writer.WriteLine($"{reply.What}; check {reply.Number}: {reply.Results.Count} tests, {reply.Alarms} alarms");
                foreach (var line in reply.Results.Where(line => parsed.GetValue(all) || line.Verdict == "Alarm"))
                {
                    writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"{line.Verdict,-13} {line.Name}: effect {line.Effect:G3} (threshold {line.Threshold:G3}, by chance below {line.NullQuantile:G3}), q {line.Q:G2}; {line.ReferenceRows} against {line.CurrentRows} rows"));
                }
            });
            return reply.Alarms == 0 ? CommandLine.Done : CommandLine.Refused;
        });
        return command;
    }
}
