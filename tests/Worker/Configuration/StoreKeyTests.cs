using System.Runtime.Versioning;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Worker.Configuration;

public sealed class StoreKeyTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly WorkerFolder _folder;
    private readonly string _credentials;

    public StoreKeyTests()
    {
        (_folder, _credentials) = (new WorkerFolder(_temporary.Of("worker")), _temporary.Of("credentials"));
        _folder.Initialise(new WorkerConfiguration(SiteId.Parse("north"), null, []));
        Directory.CreateDirectory(_credentials);
    }

    private string Credential => Path.Combine(_credentials, StoreKey.Credential);

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void File_that_init_made_opens_what_it_sealed_whether_it_is_read_or_handed_over()
    {
        Write(StoreKey.Open(_folder, credentials: null));
        Assert.Equal([1], Read(StoreKey.Open(_folder, _credentials))); // where no such credential is

        File.Move(_folder.StoreKey, Credential);
        Assert.Equal([1], Read(StoreKey.Open(_folder, _credentials)));

        File.WriteAllBytes(Credential, Convert.FromHexString(File.ReadAllText(Credential)));
        Assert.Equal([1], Read(StoreKey.Open(_folder, _credentials)));
    }

    [Fact]
    public void Credential_goes_before_the_file()
    {
        File.WriteAllText(Credential, KeyFile.New() + "\n");
        Write(StoreKey.Open(_folder, _credentials));

        var refusal = Assert.Throws<SealBrokenException>(() => Read(StoreKey.Open(_folder, credentials: null)));

        Assert.Contains("remove that folder and import the export again", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.Events, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lost_key_is_said_to_be_lost_and_init_makes_another_only_where_there_are_no_stores()
    {
        Write(StoreKey.Open(_folder, credentials: null));
        File.Delete(_folder.StoreKey);

        var refusal = Assert.Throws<WorkerSetupException>(() => StoreKey.Open(_folder, _credentials)).Message;
        Assert.Contains($"remove '{_folder.Events}', run 'site-worker init' again", refusal, StringComparison.Ordinal);

        var configuration = new WorkerConfiguration(SiteId.Parse("north"), null, []);
        Assert.Empty(_folder.Initialise(configuration));
        Directory.Delete(_folder.Events, recursive: true);
        Assert.Equal([_folder.StoreKey], _folder.Initialise(configuration));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcdef")]
    [InlineData("g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void What_is_no_key_is_refused(string text)
    {
        File.WriteAllText(Credential, text);

        Assert.Contains($"'{Credential}' is no key", Assert.Throws<KeyFileException>(() => StoreKey.Open(_folder, _credentials)).Message, StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void File_that_other_accounts_can_read_is_refused_with_what_mends_it()
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows has access lists in place of modes.");
        File.SetUnixFileMode(_folder.StoreKey, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);

        Assert.Contains($"chmod 600 {_folder.StoreKey}", Assert.Throws<WorkerSetupException>(() => StoreKey.Open(_folder, null)).Message, StringComparison.Ordinal);
    }

    private void Write(StoreKey key) => DurableFile.Write(key.Seal(Path.Combine(_folder.Events, "ehr")), "a", [1]);

    private byte[] Read(StoreKey key) => DurableFile.Read(key.Seal(Path.Combine(_folder.Events, "ehr")), "a");
}
