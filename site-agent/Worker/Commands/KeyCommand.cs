using System.CommandLine;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker key</c>: the worker's own signing key.</summary>
internal static class KeyCommand
{
    public static Command Create() => new("key", "The worker's own signing key.") { Renew() };

    // With the worker stopped, by its account: nothing is computed meanwhile, and no socket can ask for it.
    private static Command Renew()
    {
        var data = CommandLine.Data();
        var (steward, note) = LedgerCommand.Decision();
        var command = new Command("renew", "Gives the stopped worker a new key, which the old one signs: studies that name the old one go on. The old key is erased.") { data, steward, note };
        command.SetAction(parsed =>
        {
            var folder = CommandLine.Folder(parsed, data);
            var configuration = WorkerConfiguration.ReadFile(folder.Configuration);
            WorkerFolder.RequirePrivate(folder.Key);
            var disk = new FileDisk(folder.Root, ownerOnly: true);
            using var held = disk.Lock();
            try
            {
                var (renewal, unsettled) = WorkerKeyFile.Renew(disk, configuration.Site, parsed.GetRequiredValue(steward), parsed.GetRequiredValue(note), TimeProvider.System);
                Console.WriteLine($"renewed {renewal.Old.Fingerprint}\nworker key {renewal.New.Fingerprint}");
                Console.WriteLine($"Renewal {renewal.Number} of this worker's key, signed by the old one, which is erased. Start the worker again; a backup of this folder from before is no longer let in, so make a new one.");
                if (unsettled > 0)
                    Console.WriteLine($"{unsettled} releases wait for the coordinator's last word with the old key's signature: those that it has not taken yet count as refused (SIGNATURE_WRONG), and their steps go on without this site.");
                return CommandLine.Done;
            }
            catch (StewardException refused)
            {
                Console.Error.WriteLine(refused.Message);
                return CommandLine.Refused;
            }
        });
        return command;
    }
}
