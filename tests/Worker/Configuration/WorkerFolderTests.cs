using System.Runtime.Versioning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Worker.Configuration;

public sealed class WorkerFolderTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryFolder _folder = new();

    private WorkerFolder Folder => new(_folder.Of("worker"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_that_init_writes_are_read_without_fault()
    {
        var configuration = new WorkerConfiguration(SiteId.Parse("north"), 998, [1000, 1001]);

        Folder.Initialise(configuration);

        var read = WorkerConfiguration.ReadFile(Folder.Configuration);
        Assert.Equal((configuration.Site, configuration.GatewayUid), (read.Site, read.GatewayUid));
        Assert.Equal([1000u, 1001u], read.StewardUids);
        Assert.NotNull(new PolicyFile(Folder.Policy).Read().Policy);
        Assert.Empty(DatasetMap.ReadFile(Folder.Datasets).Faults);
        using var key = Folder.Open(read, "1.0.0").Key;
    }

    [Fact]
    public void Init_leaves_what_is_there()
    {
        Folder.Initialise(Own("north"));
        File.WriteAllText(Folder.Policy, "policy: 2\n");
        var key = File.ReadAllText(Folder.Key);

        Assert.Empty(Folder.Initialise(Own("south")));

        Assert.Equal(("policy: 2\n", key), (File.ReadAllText(Folder.Policy), File.ReadAllText(Folder.Key)));
        Assert.Equal("north", WorkerConfiguration.ReadFile(Folder.Configuration).Site.Value);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Folder_and_its_files_are_for_their_owner_alone()
    {
        NotOnWindows();
        foreach (var file in Folder.Initialise(Own("north")))
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(file));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder.Root));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void Key_that_other_accounts_can_read_is_refused_with_what_mends_it()
    {
        NotOnWindows();
        Folder.Initialise(Own("north"));
        foreach (var file in (string[])[Folder.Key, Folder.Secret])
        {
            File.SetUnixFileMode(file, OwnerOnly | UnixFileMode.GroupRead);
            Assert.Contains($"chmod 600 {file}", Assert.Throws<WorkerSetupException>(() => Folder.Open(Own("north"), "1.0.0")).Message, StringComparison.Ordinal);
            File.SetUnixFileMode(file, OwnerOnly);
        }
    }

    [Fact]
    public void Configuration_with_faults_is_refused_and_each_is_named_where_it_stands()
    {
        Folder.Initialise(Own("north"));
        File.WriteAllText(Folder.Configuration, "site: North\ngateway-uid: -1\nsteward-uids: [own]\nnetwork: on\n");

        var refusal = Assert.Throws<WorkerSetupException>(() => WorkerConfiguration.ReadFile(Folder.Configuration)).Message;

        foreach (var place in (string[])[":1:7:", ":2:14:", ":3:16:", ":4:1:"])
            Assert.Contains(Folder.Configuration + place, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Configuration_that_is_missing_is_refused_with_what_makes_it() =>
        Assert.Contains("site-worker init", Assert.Throws<WorkerSetupException>(() => WorkerConfiguration.ReadFile(Folder.Configuration)).Message, StringComparison.Ordinal);

    private static void NotOnWindows()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows has access lists in place of modes.");
    }

    private static WorkerConfiguration Own(string site) => new(SiteId.Parse(site), null, []);
}
