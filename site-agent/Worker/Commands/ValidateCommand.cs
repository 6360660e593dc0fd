using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker data validate</c>: holds the resources of a FHIR export against FHIR R4.</summary>
internal static class ValidateCommand
{
    private const long Sample = 1000;

    public static Command Create()
    {
        var (data, json, dataset) = (CommandLine.Data(), CommandLine.Json(), new Argument<string>("dataset") { Description = "Its name in datasets.yaml; a FHIR export." });
        var limit = new Option<ulong>("--limit") { Description = "How many resources of each file, from its beginning; 0: all.", DefaultValueFactory = _ => Sample };
        var command = new Command("validate", "Holds resources of an export against FHIR R4 and prints file, line, element and what is wrong with it; never a value. Ends with 1 where something is.") { dataset, limit, data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.ValidateDataAsync(
                new ValidateDataRequest { Dataset = parsed.GetRequiredValue(dataset), Limit = parsed.GetValue(limit) }, cancellationToken: cancel);
            CommandLine.Print(parsed.GetValue(json), reply, writer =>
            {
                foreach (var issue in reply.Issues)
                    writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{issue.File}:{issue.Line}: {issue.Path} {issue.Kind}"));
                writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{reply.Checked} resources checked, {reply.Faulty} with an issue"));
            });
            return reply.Faulty == 0 ? CommandLine.Done : CommandLine.Refused;
        });
        return command;
    }
}
