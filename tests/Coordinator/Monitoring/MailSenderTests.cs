using System.Text;
using FederatedClinicalMl.Coordinator.Monitoring;

namespace FederatedClinicalMl.Tests.Coordinator.Monitoring;

/// <summary>Letters over TLS: to a server that is trusted, and to none that is not.</summary>
public sealed class MailSenderTests : IDisposable
{
    private const string Password = "correct horse battery";

    private static readonly Delivery s_delivery = new(7, "oncall", """{"alerts":[],"coordinator":"c","count":1,"format":1,"group":"disk-low","severity":"warning"}""", DateTimeOffset.UnixEpoch, 0, DateTimeOffset.UnixEpoch, null);

    private readonly TemporaryFolder _folder = new();

    public MailSenderTests() => File.WriteAllText(_folder.Of("password"), Password + "\n");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Letter_and_password_go_over_STARTTLS_to_a_server_of_the_hospitals_own_authority()
    {
        using var server = new MailServer(_folder.Path);

        await Task.WhenAll(server.ServeAsync(), new MailSender().SendAsync(To(server), s_delivery, Stop));

        Assert.Collection(server.Open, line => Assert.StartsWith("EHLO", line, StringComparison.Ordinal), line => Assert.Equal("STARTTLS", line));
        Assert.Contains("Subject: [warning] disk-low: 1 alert", server.Sealed);
        Assert.Contains($"AUTH PLAIN {Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0fcml\0{Password}"))}", server.Sealed);
    }

    [Fact]
    public async Task Letter_goes_over_TLS_from_the_first_byte_where_the_channel_says_so()
    {
        using var server = new MailServer(_folder.Path);

        await Task.WhenAll(server.ServeAsync(isImplicit: true), new MailSender().SendAsync(To(server) with { ImplicitTls = true }, s_delivery, Stop));

        Assert.Empty(server.Open);
        Assert.Contains("Subject: [warning] disk-low: 1 alert", server.Sealed);
    }

    [Fact]
    public async Task Server_on_this_machine_without_TLS_is_told_no_password()
    {
        using var server = new MailServer(_folder.Path);

        await RefusedAsync(server, To(server) with { AuthorityFile = null }, offersTls: false);
        await RefusedAsync(server, To(server), offersTls: false);
        await RefusedAsync(server, To(server) with { User = null, PasswordFile = null }, offersTls: false); // whoever names an authority wants TLS
    }

    [Theory]
    [InlineData("of-no-authority-of-this-machine")]
    [InlineData("of-another-authority")]
    [InlineData("for-another-name")]
    [InlineData("out-of-time")]
    public async Task Server_whose_certificate_is_not_to_be_trusted_is_told_nothing(string how)
    {
        using var server = new MailServer(_folder.Path, how == "for-another-name" ? "192.0.2.1" : "127.0.0.1", how == "out-of-time" ? TimeProvider.System.GetUtcNow().AddYears(-2) : null);
        using var other = new MailServer(_folder.Path);
        var channel = To(server) with { AuthorityFile = how switch { "of-no-authority-of-this-machine" => null, "of-another-authority" => other.AuthorityFile, _ => server.AuthorityFile } };

        await RefusedAsync(server, channel);
        await RefusedAsync(server, channel with { ImplicitTls = true });
    }

    [Theory]
    [InlineData(null, "cannot be read")]
    [InlineData("no certificate", "holds no certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----", "cannot be read")]
    public async Task Authority_file_that_is_none_sends_nothing(string? content, string says)
    {
        using var server = new MailServer(_folder.Path);
        var file = _folder.Of("authority.pem");
        if (content is not null)
            await File.WriteAllTextAsync(file, content, Stop);

        Assert.Contains(says, (await Assert.ThrowsAsync<DeliveryException>(() => new MailSender().SendAsync(To(server) with { AuthorityFile = file }, s_delivery, Stop))).Message, StringComparison.Ordinal);
    }

    private MailChannel To(MailServer server) => new("oncall", "127.0.0.1", server.Port, "a@example.org", ["b@example.org"], "fcml", _folder.Of("password"), AuthorityFile: server.AuthorityFile);

    private static async Task RefusedAsync(MailServer server, MailChannel channel, bool offersTls = true)
    {
        var serving = server.ServeAsync(offersTls, channel.ImplicitTls);
        Assert.Contains("did not take the letter", (await Assert.ThrowsAsync<DeliveryException>(() => new MailSender().SendAsync(channel, s_delivery, Stop))).Message, StringComparison.Ordinal);
        await serving;
        Assert.All(server.Open, line => Assert.True(line is "STARTTLS" or "QUIT" || line.StartsWith("EHLO", StringComparison.Ordinal), line));
        Assert.Empty(server.Sealed);
    }
}
