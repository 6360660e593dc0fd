using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Grpc.Core;
using BodyCase = FederatedClinicalMl.Protos.Federation.CoordinatorMessage.BodyOneofCase;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Tests.Coordinator.Storage;

/// <summary>The drill: what an admin does before and after the coordinator's machine is lost.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Archive => _folder.Of("backup.tar");

    private string Restored => _folder.Of("restored");

    [Fact]
    public async Task Coordinator_restored_from_a_backup_that_was_taken_while_a_run_went_on_goes_on_with_it()
    {
        using var worker = SigningKey.Create();
        var study = BenchmarkStudy.For("north");
        ClientIdentity north, ada, rosa;
        Records before;
        StepOffer offered;
        await using (var lost = await RunningCoordinator.StartAsync())
        {
            using var admin = new Person(lost, ada = await lost.EnrolPersonAsync(Roles.Admin, "ada"));
            await admin.RevokeAsync(rosa = await lost.EnrolPersonAsync(Roles.Researcher, "rosa"));
            using var session = await SiteStream.OpenAsync(lost, north = await lost.EnrolSiteAsync("north", worker), worker);
            await admin.SubmitAsync(study);
            await session.ApproveAsync(study.Digest);
            await admin.StartRunAsync(study.Digest);
            offered = (await session.NextAsync(BodyCase.StepOffer)).StepOffer;
            before = await Records.OfAsync(admin);

            Assert.Equal(0, (await CoordinatorProgram.RunAsync("backup", "--data", lost.Data, "--to", Archive)).Code);
        }

        Assert.Equal(0, (await CoordinatorProgram.RunAsync("restore", "--from", Archive, "--data", Restored)).Code);
        await using var restored = await RunningCoordinator.StartOverAsync(Restored);

        using (var admin = new Person(restored, ada))
        using (var session = await SiteStream.OpenAsync(restored, north, worker))
        {
            Assert.Equal(offered, (await session.NextAsync(BodyCase.StepOffer)).StepOffer);
            Assert.Equal(before, await Records.OfAsync(admin));
            Assert.Equal("CERTIFICATE_REVOKED", await FaultOfAsync(restored, rosa));

            var run = offered.Step.Run;
            await admin.Calls.ControlRunAsync(new ControlRunRequest { Run = run, Action = ControlRunRequest.Types.Action.Cancel }, cancellationToken: Stop);
            Assert.Equal(StepSettled.Types.Outcome.Abandoned, (await session.NextAsync(BodyCase.StepSettled)).StepSettled.Outcome);
        }

        north.Dispose();
        ada.Dispose();
        rosa.Dispose();
    }

    [Fact]
    public void Restore_into_a_folder_that_is_not_empty_is_refused_and_touches_nothing()
    {
        MakeBackup();
        Directory.CreateDirectory(Restored);
        File.WriteAllText(Path.Combine(Restored, "notes.txt"), "kept");

        var refused = Assert.Throws<DataFolderException>(() => Backup.Restore(Archive, Restored));

        Assert.Contains("is not empty", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["notes.txt"], NamesIn(Restored));
    }

    [Fact]
    public async Task Restore_that_was_killed_leaves_no_coordinator_and_the_next_one_ends_it()
    {
        MakeBackup();
        var reached = 0;
        foreach (var point in (string[])["restore-begun", "restore-checked", "restore-moved"])
        {
            for (var passage = 1; ; passage++)
            {
                var (code, _, error) = await CoordinatorProgram.RunToAsync($"{point}#{passage}", "restore", "--from", Archive, "--data", Restored);
                if (code != 0)
                {
                    reached++;
                    Assert.Equal("", error); // killed, not refused
                    Assert.Contains("'coordinator restore' was interrupted", Assert.Throws<DataFolderException>(() => DataFolder.Open(Restored)).Message, StringComparison.Ordinal);
                    Assert.Contains("was interrupted", Assert.Throws<DataFolderException>(() => Backup.Write(Restored, _folder.Of("half.tar"))).Message, StringComparison.Ordinal);
                    Assert.Equal(0, (await CoordinatorProgram.RunAsync("restore", "--from", Archive, "--data", Restored)).Code);
                }

                using (var data = DataFolder.Open(_folder.Of("data")))
                using (var restored = DataFolder.Open(Restored))
                    Assert.Equal(data.Identity.Id, restored.Identity.Id);
                Directory.Delete(Restored, recursive: true);
                if (code == 0)
                    break;
            }
        }

        Assert.True(reached >= 5, $"Only {reached} passages were reached.");
    }

    [Fact]
    public void Restored_folder_holds_what_the_first_one_held_and_nothing_of_the_restoring()
    {
        MakeBackup();

        Backup.Restore(Archive, Restored);

        Assert.Equal(NamesIn(_folder.Of("data")), NamesIn(Restored));
    }

    [Fact]
    public void Restored_coordinator_shows_a_worker_the_newest_ledger_head_that_the_first_one_had_seen()
    {
        using var key = SigningKey.Create();
        var head = SignedHead.Sign(SiteId.Parse("north"), new LedgerHead(7, Sha256Digest.Of("seventh"u8)), key);
        new LedgerWitness(new FileDisk(MakeFolder()), key).See(head, key.PublicKey, KeyRenewals.None);
        Backup.Write(_folder.Of("data"), Archive);

        Backup.Restore(Archive, Restored);

        Assert.Equal(head.Head, new LedgerWitness(new FileDisk(Restored), key).Of(head.Site)!.Own.Head);
    }

    [Fact]
    public void Interrupted_restore_is_ended_only_by_a_backup_that_is_whole()
    {
        var whole = MakeBackup();
        Directory.CreateDirectory(Path.Combine(Restored, Backup.Unfinished));
        File.WriteAllBytes(Archive, whole[..^1]);
        Assert.Throws<DataFolderException>(() => Backup.Restore(Archive, Restored));

        File.WriteAllBytes(Archive, whole);
        Backup.Restore(Archive, Restored);

        DataFolder.Open(Restored).Dispose();
    }

    [Fact]
    public void Backup_that_was_cut_off_is_refused_and_nothing_is_left_behind()
    {
        var whole = MakeBackup();

        foreach (var length in (int[])[0, 1, 512, whole.Length / 2, whole.Length - 1024, whole.Length - 1])
            AssertRefused(whole[..length]);
    }

    [Fact]
    public void Backup_with_one_changed_byte_is_refused_wherever_it_is_and_nothing_is_left_behind()
    {
        var whole = MakeBackup();

        foreach (var at in Enumerable.Range(0, 64).Select(part => part * (whole.Length - 1) / 63))
        {
            whole[at] ^= 1;
            AssertRefused(whole);
            whole[at] ^= 1;
        }

        File.WriteAllBytes(Archive, whole);
        Backup.Restore(Archive, Restored);
    }

    [Fact]
    public void Whole_backup_of_a_folder_that_mixes_two_coordinators_is_refused_and_leaves_an_empty_folder_empty()
    {
        MakeBackup(alter: data => Mix(data, _folder.Of("another")));
        Directory.CreateDirectory(Restored);

        var refused = Assert.Throws<DataFolderException>(() => Backup.Restore(Archive, Restored));

        Assert.Contains("mixes two coordinators", refused.Message, StringComparison.Ordinal);
        Assert.Empty(NamesIn(Restored));
    }

    [Fact]
    public void Backup_never_replaces_a_file()
    {
        var whole = MakeBackup();

        Assert.Throws<DataFolderException>(() => Backup.Write(_folder.Of("data"), Archive));

        Assert.Equal(whole, File.ReadAllBytes(Archive));
        Assert.Equal(["backup.tar", "data"], NamesIn(_folder.Path));
    }

    [Fact]
    public async Task Coordinator_over_another_ones_data_does_not_start_and_says_what_to_do()
    {
        DataFolder.Create(_folder.Of("data"), ["127.0.0.1"], 0, authority: null, TimeProvider.System).Dispose();
        Mix(_folder.Of("data"), _folder.Of("another"));

        var (code, output, error) = await CoordinatorProgram.RunAsync("run", "--data", _folder.Of("data"), "--listen", "127.0.0.1:0");

        Assert.Equal((2, ""), (code, output));
        Assert.Contains("mixes two coordinators", error, StringComparison.Ordinal);
        Assert.Contains("restore a backup", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Coordinator_whose_audit_log_was_changed_does_not_start_and_names_the_entry()
    {
        await using (var coordinator = await RunningCoordinator.StartOverAsync(MakeFolder()))
            coordinator.Invite(new Member(Roles.Site, "north"));
        var log = Path.Combine(_folder.Of("data"), "audit.log");
        await File.WriteAllTextAsync(log, (await File.ReadAllTextAsync(log, Stop)).Replace("north", "south", StringComparison.Ordinal), Stop);

        var (code, output, error) = await CoordinatorProgram.RunAsync("run", "--data", _folder.Of("data"), "--listen", "127.0.0.1:0");

        Assert.Equal((2, ""), (code, output));
        Assert.Contains("audit.log", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Second_coordinator_over_one_folder_does_not_start()
    {
        await using var first = await RunningCoordinator.StartOverAsync(MakeFolder());

        var (code, _, error) = await CoordinatorProgram.RunAsync("run", "--data", _folder.Of("data"), "--listen", "127.0.0.1:0");

        Assert.Equal(2, code);
        Assert.Contains("in use by another coordinator", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string MakeFolder()
    {
        DataFolder.Create(_folder.Of("data"), ["127.0.0.1"], 0, authority: null, TimeProvider.System).Dispose();
        return _folder.Of("data");
    }

    private byte[] MakeBackup(Action<string>? alter = null)
    {
        var data = MakeFolder();
        alter?.Invoke(data);
        Backup.Write(data, Archive);
        return File.ReadAllBytes(Archive);
    }

    /// <summary>Puts another coordinator's database into a folder.</summary>
    private static void Mix(string data, string another)
    {
        DataFolder.Create(another, ["127.0.0.1"], 0, authority: null, TimeProvider.System).Dispose();
        File.Copy(Path.Combine(another, CoordinatorDatabase.FileName), Path.Combine(data, CoordinatorDatabase.FileName), overwrite: true);
    }

    private void AssertRefused(byte[] backup)
    {
        File.WriteAllBytes(Archive, backup);
        Assert.Throws<DataFolderException>(() => Backup.Restore(Archive, Restored));
        Assert.False(Directory.Exists(Restored));
    }

    private static IEnumerable<string?> NamesIn(string folder) => Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order();

    private static async Task<string?> FaultOfAsync(RunningCoordinator coordinator, ClientIdentity member)
    {
        using var person = new Person(coordinator, member);
        return await Person.FaultOfAsync(async () => await person.Calls.ListRunsAsync(new ListRunsRequest(), cancellationToken: Stop));
    }

    /// <summary>What a coordinator knows, as an admin sees it; text, so that a difference shows.</summary>
    private sealed record Records(string Members, string Studies, string Runs, string Audit)
    {
        public static async Task<Records> OfAsync(Person admin)
        {
            var members = await admin.Calls.ListMembersAsync(new ListMembersRequest(), cancellationToken: Stop);
            foreach (var member in members.Members)
                member.LastContactUnixSeconds = 0; // a session has been opened since
            var studies = await admin.Calls.ListStudiesAsync(new ListStudiesRequest(), cancellationToken: Stop);
            var runs = await admin.Calls.ListRunsAsync(new ListRunsRequest(), cancellationToken: Stop);
            var audit = await admin.Calls.ReadAudit(new ReadAuditRequest(), cancellationToken: Stop).ResponseStream.ReadAllAsync(Stop).ToListAsync(Stop);
            return new Records($"{members}", $"{studies}", $"{runs}", string.Concat(audit.Select(line => line.Json)));
        }
    }
}
