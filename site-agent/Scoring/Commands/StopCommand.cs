using System.CommandLine;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// <c>site-scoring show</c>, <c>stop</c> and <c>resume</c>. They work on the files, with the program running or not: it dials nobody, itself included, and looks at its files every second.
/// </summary>
internal static class StopCommand
{
    public static Command Show()
    {
        var data = CommandLine.Data();
        var command = new Command("show", "Shows what the shelf says, and what this site has taken out of use.") { data };
        command.SetAction(parsed =>
        {
            var (serving, store, _) = Open(CommandLine.Folder(parsed, data));
            try
            {
                foreach (var line in Shelf.Read(DurableFile.Read(serving, ServingPaths.Shelf, Shelf.MaximumLength)).Lines)
                {
                    Console.WriteLine($"{line.Line}: production {line.Serves.Production?.Version.ToString() ?? "none"}, fallback {line.Serves.Fallback?.Version.ToString() ?? "none"}, "
                        + (line.Serves.Candidate is { } candidate ? $"candidate {candidate.Served.Version} ({candidate.Rollout})" : "no candidate") + (line.Stopped is { } why ? $"; stopped: {why}" : ""));
                }

                foreach (var withdrawal in store.Withdrawn())
                    Console.WriteLine($"{withdrawal.Line}: {withdrawal.Model.Short} was taken out of use at {CanonicalTime.Write(withdrawal.At)}: {withdrawal.Reason.Word()}");
                foreach (var stop in store.Stopped())
                    Console.WriteLine($"{stop.Line}: stopped by {stop.Client} at {CanonicalTime.Write(stop.At)}: {stop.Text}");
            }
            catch (FormatException fault)
            {
                throw new ScoringSetupException(fault.Message);
            }

            return CommandLine.Done;
        });
        return command;
    }

    public static Command Stop()
    {
        var (data, line) = (CommandLine.Data(), Line());
        var reason = new Option<string>("--reason") { Description = "Why; stays in the program's folder.", Required = true };
        var command = new Command("stop", "Stops a line at this site, within a second, until it is resumed here.") { line, reason, data };
        command.SetAction(parsed =>
        {
            var text = parsed.GetRequiredValue(reason);
            if (text.Length is 0 or > WithdrawalStore.LongestText)
                throw new ScoringSetupException($"The reason has 1 to {WithdrawalStore.LongestText} characters.");
            Open(CommandLine.Folder(parsed, data)).Store.Write(new LineStop(Named(parsed.GetRequiredValue(line)), "operator", TimeProvider.System.GetUtcNow(), text));
            return CommandLine.Done;
        });
        return command;
    }

    public static Command Resume()
    {
        var (data, line) = (CommandLine.Data(), Line());
        var command = new Command("resume", "Uses a line again that was stopped here, and the versions of it that were taken out of use here.") { line, data };
        command.SetAction(parsed =>
        {
            Open(CommandLine.Folder(parsed, data)).Store.AskToResume(Named(parsed.GetRequiredValue(line)));
            return CommandLine.Done;
        });
        return command;
    }

    private static Argument<string> Line() => new("line") { Description = "The model's name." };

    private static string Named(string line) => Name.IsName(line) ? line : throw new ScoringSetupException($"'{line}' is no model's name: {Name.Rule}.");

    private static (IDisk Serving, WithdrawalStore Store, ScoringConfiguration Configuration) Open(ScoringFolder folder)
    {
        var configuration = ScoringConfiguration.ReadFile(folder.Configuration);
        var serving = new FileDisk(configuration.Serving);
        var store = new WithdrawalStore(serving, new FileDisk(folder.Root, ownerOnly: true));
        store.Prepare();
        return (serving, store, configuration);
    }
}
