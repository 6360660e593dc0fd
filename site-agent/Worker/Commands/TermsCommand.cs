using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker data terms</c>: which of the site's codes and units nobody mapped.</summary>
internal static class TermsCommand
{
    public static Command Create()
    {
        var (data, json, dataset) = (CommandLine.Data(), CommandLine.Json(), new Argument<string>("dataset") { Description = "Its name in datasets.yaml." });
        var study = new Option<string>("--study") { Description = "Looks at what this study asks for: its digest, or a prefix that names one study. Without it: at all definitions of the library.", DefaultValueFactory = _ => "" };
        var command = new Command("terms", "Counts the site's own codes and units that nobody mapped, for your eyes alone, and prints the lines that mapping.yaml lacks.") { dataset, study, data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var name = parsed.GetRequiredValue(dataset);
            var reply = await channel.Client.ShowTermsAsync(new TermsRequest { Dataset = name, Study = parsed.GetRequiredValue(study) }, cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer => Write(writer, name, reply));
        });
        return command;
    }

    /// <summary>What an import's summary says of it; empty: all is mapped.</summary>
    public static string Line(string dataset, DataTerms terms) => terms.Codes + terms.Units == 0 ? "" : string.Create(CultureInfo.InvariantCulture,
        $"  UNMAPPED: {terms.Codes} codes of {terms.Events} events, {terms.Units} units of {terms.Numbers} numbers; 'site-worker data terms {dataset}' lists them");

    private static void Write(TextWriter writer, string dataset, TermsReply reply)
    {
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{dataset}, with {(reply.MappingVersion == 0 ? "no mapping" : $"version {reply.MappingVersion} of its mapping")}: {reply.Codes.Count} codes that nobody mapped, {reply.Units.Count} units that do not convert"));
        foreach (var code in reply.Codes)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{code.Count,10} {code.Kind,-12} {Text(code.System, code.Code)}"));
        foreach (var unit in reply.Units)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{unit.Count,10} {"unit",-12} {Text(unit.UnitSystem, unit.Unit)} of {Text(unit.System, unit.Code)}, wanted {unit.Wanted}: {unit.Why}"));
        if (reply.Snippet.Length > 0)
            writer.Write($"\nTo map them, write the meanings into these lines and put them into mapping.yaml:\n\n{reply.Snippet}");
    }

    private static string Text(string system, string code) => system.Length == 0 ? $"'{code}'" : $"{system}|{code}";
}
