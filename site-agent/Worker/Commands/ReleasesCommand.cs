using System.CommandLine;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker audit releases</c>: the signed list of everything that left, for an auditor who holds it against the coordinator's journal.</summary>
internal static class ReleasesCommand
{
    public static Command Create()
    {
        var data = CommandLine.Data();
        var outFile = new Option<FileInfo>("--out") { Description = "The list to write: run, round, kind, attempt and digest of each release, and the log's head, signed by this worker. Nothing of what was released.", Required = true };
        var command = new Command("releases", "Writes the signed list of everything that was released, for an auditor who holds it against the coordinator's journal; works with the worker stopped.") { data, outFile };
        command.SetAction(async (parsed, cancel) =>
        {
            var folder = CommandLine.Folder(parsed, data);
            using var key = SigningKey.FromPem(await File.ReadAllTextAsync(folder.Key, cancel));
            var disk = CommandLine.Existing(folder);
            var found = ChainedLog.Verify(disk, WorkerCore.LogPath, key.PublicKey);
            if (!found.Intact)
                throw new WorkerSetupException($"{found.Describe()} What the log does not vouch for is not listed.");
            var log = ChainedLog.Read(disk, WorkerCore.LogPath, key.PublicKey);
            var listed = ListedReleases.Of(log).ToList();
            var path = parsed.GetRequiredValue(outFile).FullName;
            await File.WriteAllBytesAsync(path, ReleaseList.Sign(WorkerConfiguration.ReadFile(folder.Configuration).Site, log.Count, found.Head, listed, key), cancel);
            Console.WriteLine($"{path}: {listed.Count} releases of {listed.DistinctBy(release => release.Step.Run).Count()} runs, up to entry {log.Count}; signed with the key {key.PublicKey.Fingerprint}");
            return CommandLine.Done;
        });
        return command;
    }
}
