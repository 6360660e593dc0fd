using System.Runtime.Versioning;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.Tests.Durability.Sealing;

public sealed class OutboxKeyTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _root = Directory.CreateTempSubdirectory("fcml-outbox-").FullName;

    private string Exchange => Directory.CreateDirectory(Path.Combine(_root, "exchange")).FullName;

    private string Credentials => Directory.CreateDirectory(Path.Combine(_root, "credentials")).FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Gateway_opens_what_the_worker_sealed_now_and_after_the_worker_has_started_again()
    {
        Write(OutboxKey.OpenOrMake(Exchange, null, forGroup: false));

        Assert.Equal([1], Read(OutboxKey.Open(Exchange, null)));
        Assert.Equal([1], Read(OutboxKey.OpenOrMake(Exchange, Credentials, forGroup: false))); // where no such credential is
    }

    [Fact]
    public void Credential_goes_before_the_file_and_is_no_reason_to_make_one()
    {
        File.WriteAllText(Path.Combine(Credentials, OutboxKey.Credential), KeyFile.New() + "\n");
        Write(OutboxKey.OpenOrMake(Exchange, Credentials, forGroup: true));

        Assert.False(File.Exists(OutboxKey.PathIn(Exchange)));
        Assert.Equal([1], Read(OutboxKey.Open(Exchange, Credentials)));
        OutboxKey.OpenOrMake(Exchange, null, forGroup: false);
        Assert.Contains("the same credential fcml-outbox-key", Assert.Throws<SealBrokenException>(() => Read(OutboxKey.Open(Exchange, null))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Gateway_that_has_no_key_is_told_who_makes_it() =>
        Assert.Contains("Start site-worker", Assert.Throws<KeyFileException>(() => OutboxKey.Open(Exchange, Credentials)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(true, OwnerOnly | UnixFileMode.GroupRead)]
    [InlineData(false, OwnerOnly)]
    [UnsupportedOSPlatform("windows")]
    public void File_is_for_the_worker_and_where_the_gateway_has_an_account_of_its_own_for_their_group(bool forGroup, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows has access lists in place of modes.");
        File.WriteAllText(OutboxKey.PathIn(Exchange) + ".tmp", "left by a worker that was killed");

        OutboxKey.OpenOrMake(Exchange, null, forGroup);

        Assert.Equal(mode, File.GetUnixFileMode(OutboxKey.PathIn(Exchange)));
        Assert.Single(Directory.GetFiles(Exchange));
        File.SetUnixFileMode(OutboxKey.PathIn(Exchange), mode | UnixFileMode.OtherRead);
        Assert.Contains("Run: chmod 640", Assert.Throws<KeyFileException>(() => OutboxKey.Open(Exchange, null)).Message, StringComparison.Ordinal);
    }

    private void Write(OutboxKey key) => DurableFile.Write(key.Seal(new FileDisk(Exchange)), "a", [1]);

    private byte[] Read(OutboxKey key) => DurableFile.Read(key.Seal(new FileDisk(Exchange)), "a");
}
