using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker quality</c>: what is wrong with the site's events, and what a steward decides about it.</summary>
internal static class QualityCommand
{
    public static Command Create() => new("quality", "Quality of this site's events: rules held against them, and decisions about what they flag.") { Check(), Review() };

    private static Command Check()
    {
        var (data, json, dataset, study) = (CommandLine.Data(), CommandLine.Json(), Dataset(), Study());
        var html = new Option<FileInfo>("--html") { Description = "Also writes the report as one page, for this site's steward alone." };
        var command = new Command("check", "Holds the rules against a dataset. Ends with 1 where a failed rule keeps this site out.") { dataset, data, study, html, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.CheckQualityAsync(Request(parsed.GetRequiredValue(dataset), parsed.GetValue(study)), cancellationToken: cancel);
            if (parsed.GetValue(html) is { } page)
                await WritePrivately(page.FullName, reply.Html, cancel);
            if (parsed.GetValue(json))
                Console.WriteLine(reply.Json);
            else
                Write(Console.Out, reply);
            return reply.Passed ? CommandLine.Done : CommandLine.Refused;
        });
        return command;
    }

    private static Command Review()
    {
        var (data, dataset, study) = (CommandLine.Data(), Dataset(), Study());
        var outFile = new Option<FileInfo>("--out") { Description = "Writes the flagged values to a file instead, to be filled in." };
        var inFile = new Option<FileInfo>("--in") { Description = "Takes the filled-in table: in its last column keep, exclude, or correct NUMBER." };
        var steward = new Option<string>("--steward") { Description = "Who decides.", DefaultValueFactory = _ => Environment.UserName };
        var command = new Command("review", "Lists the flagged values as CSV, one patient's value a line: for your eyes. Or takes what was decided about them.") { dataset, data, study, outFile, inFile, steward };
        command.Validators.Add(result =>
        {
            if (result.GetValue(inFile) is not null && (result.GetValue(outFile) is not null || result.GetValue(study) is not null))
                result.AddError("--in goes with neither --out nor --study.");
        });
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            if (parsed.GetValue(inFile) is { } decisions)
            {
                var reply = await channel.Client.DecideQualityAsync(
                    new DecideQualityRequest { Dataset = parsed.GetRequiredValue(dataset), Csv = await File.ReadAllTextAsync(decisions.FullName, cancel), Steward = parsed.GetRequiredValue(steward) },
                    cancellationToken: cancel);
                Console.WriteLine($"{reply.Count} decisions taken; version {reply.Version} of the decisions about this dataset");
                return CommandLine.Done;
            }

            var queue = await channel.Client.ReviewQualityAsync(Request(parsed.GetRequiredValue(dataset), parsed.GetValue(study)), cancellationToken: cancel);
            if (parsed.GetValue(outFile) is { } file)
                await WritePrivately(file.FullName, queue.Csv, cancel);
            else
                Console.Write(queue.Csv);
            await Console.Error.WriteLineAsync($"{queue.Findings} flagged values");
            foreach (var rest in queue.More)
                await Console.Error.WriteLineAsync($"{rest.Count} more of {rest.Rule}: they come up once these are decided about");
            return CommandLine.Done;
        });
        return command;
    }

    private static QualityRequest Request(string dataset, string? study) => new() { Dataset = dataset, Study = study ?? "" };

    // It tells of patients, or names their values.
    private static async Task WritePrivately(string path, string text, CancellationToken cancel)
    {
        await using var writer = new StreamWriter(PrivateFile.Create(path));
        await writer.WriteAsync(text.AsMemory(), cancel);
    }

    private static void Write(TextWriter writer, QualityReply reply)
    {
        writer.WriteLine($"{reply.Patients} patients, {reply.Events} events; failed rules of these severities keep this site out: {(reply.KeepsOut.Count == 0 ? "none" : string.Join(", ", reply.KeepsOut))}");
        foreach (var rule in reply.Rules.Where(rule => rule.Verdict != "not checked"))
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{(rule.Verdict == "failed" ? "FAILED" : "passed")} {rule.Severity,-8} {rule.Dimension,-12} {rule.Rule}: {rule.Failed} of {rule.Checked} {rule.Of}, allowed {rule.MaximumShare * 100:0.##} %{(rule.Kept > 0 ? $", {rule.Kept} kept by decision" : "")}{(rule.Change.Length > 0 ? $"; changed by this site: {rule.Change}" : "")}"));
        }

        if (reply.Loosened.Count > 0)
            writer.WriteLine($"As they come these rules fail, and keep this site out of a study that says nothing of quality: {string.Join(", ", reply.Loosened)}");
        if (reply.Waiting > 0)
            writer.WriteLine($"{reply.Waiting} flagged values wait for a decision, the first since {DateTimeOffset.FromUnixTimeSeconds(reply.WaitingSinceUnixSeconds):yyyy-MM-dd}: 'site-worker quality review' lists them.");
        writer.WriteLine(reply.Passed ? "No failed rule keeps this site out." : "This site is KEPT OUT. 'site-worker quality review' lists what can be decided.");
    }

    private static Argument<string> Dataset() => new("dataset") { Description = "Its name in datasets.yaml." };

    private static Option<string?> Study() => new("--study") { Description = "Also holds the rules of this study: its digest, or a prefix that names one study." };
}
