using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker data</c>: what was taken from the hospital's exports.</summary>
internal static class DataCommand
{
    public static Command Create() => new("data", "Events that were taken from the hospital's exports (FHIR, OMOP, mapped tables) into this site's store.") { Import(), List(), Faults(), DataEraseCommand.Create(), ValidateCommand.Create(), TermsCommand.Create(), MappingCommand.Create() };

    private static Command Import()
    {
        var (data, json, dataset) = (CommandLine.Data(), CommandLine.Json(), Dataset());
        var steward = new Option<string>("--steward") { Description = "Who imports.", DefaultValueFactory = _ => Environment.UserName };
        var command = new Command("import", "Takes what is new in an export: all of it or, where more is refused than the policy allows, nothing.") { dataset, data, steward, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.ImportDataAsync(
                new ImportDataRequest { Dataset = parsed.GetRequiredValue(dataset), Steward = parsed.GetRequiredValue(steward) }, cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer => Write(writer, reply));
        });
        return command;
    }

    private static Command List()
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var command = new Command("list", "Lists the imports: what came of every record, and the store's fingerprint after each.") { data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.ListDataAsync(new ListDataRequest(), cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer =>
            {
                foreach (var import in reply.Imports)
                    Write(writer, import);
                foreach (var kept in reply.Kept)
                    DataEraseCommand.Write(writer, kept);
                foreach (var empty in reply.Empty)
                    writer.WriteLine($"{empty}: nothing was imported yet; 'site-worker data import {empty}' does.");
            });
        });
        return command;
    }

    private static Command Faults()
    {
        var (data, dataset) = (CommandLine.Data(), Dataset());
        var number = new Argument<uint>("number") { Description = "Number of the import." };
        var command = new Command("faults", "Prints what was refused or cannot be used, as CSV: file, line, element, what; never a value.") { dataset, number, data };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.ShowDataFaultsAsync(
                new DataFaultsRequest { Dataset = parsed.GetRequiredValue(dataset), Number = parsed.GetRequiredValue(number) }, cancellationToken: cancel);
            Console.Write(reply.Csv);
            return CommandLine.Done;
        });
        return command;
    }

    private static Argument<string> Dataset() => new("dataset") { Description = "Its name in datasets.yaml." };

    private static void Write(TextWriter writer, DataImport import)
    {
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{import.Dataset} import {import.Number}, {DateTimeOffset.FromUnixTimeSeconds(import.AtUnixSeconds):yyyy-MM-dd HH:mm}Z, {import.Source}: {import.Events} events added; {import.Patients} patients in the store; fingerprint {import.Fingerprint[..12]}"));
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  records: {import.Added} new, {import.Unchanged} unchanged, {import.Amended} amended, {import.Retracted} retracted"));
        Write(writer, "skipped", import.Skipped);
        Write(writer, "REFUSED", import.Refused);
        Write(writer, "noted", import.Notes);
        if (import.Terms is { } terms && TermsCommand.Line(import.Dataset, terms) is { Length: > 0 } line)
            writer.WriteLine(line);
    }

    private static void Write(TextWriter writer, string title, IEnumerable<DataCount> counts)
    {
        foreach (var count in counts)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {title}: {count.Count} {count.What}"));
    }
}
