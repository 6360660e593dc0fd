using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>
/// Delivers by SMTP over TLS, with a certificate for the server's name by an authority that this machine, or the channel's own file, trusts: nothing is said otherwise. A server on this machine to which nobody signs in may do
/// without.
/// </summary>
public sealed class MailSender : IAlertSender
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <inheritdoc/>
    public async Task SendAsync(Channel channel, Delivery delivery, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        var mail = (MailChannel)channel;
        var (subject, text) = NotificationText.ForPeople(delivery.Payload);
        using var message = new MimeMessage { Subject = subject, Body = new TextPart("plain") { Text = text } };
        message.From.Add(MailboxAddress.Parse(mail.From));
        message.To.AddRange(mail.To.Select(to => MailboxAddress.Parse(to)));
        try
        {
            using var client = new SmtpClient();
            if (mail.AuthorityFile is { } authorities)
            {
                var trusted = Authorities(authorities);
                client.CheckCertificateRevocation = false; // a hospital's own authority seldom has a list that is to be had
                client.ServerCertificateValidationCallback = (_, certificate, presented, faults) => IsBy(trusted, certificate, presented, faults);
            }

            await client.ConnectAsync(mail.Server, mail.Port, Security(mail), cancel);
            if (mail is { User: { } user, PasswordFile: { } file })
                await client.AuthenticateAsync(user, Encoding.UTF8.GetString(SecretFile.Read(file)), cancel);
            await client.SendAsync(message, cancel);
            await client.DisconnectAsync(quit: true, cancel);
        }
        catch (Exception failed) when (failed is SocketException or IOException or ProtocolException or CommandException or SslHandshakeException or AuthenticationException or NotSupportedException or InvalidOperationException)
        {
            throw new DeliveryException($"The mail server did not take the letter ({failed.GetType().Name}). Look at the server, its TLS certificate and who signs in.", failed);
        }
    }

    // StartTls ends where the server offers none, so that a password is never said in the open.
    private static SecureSocketOptions Security(MailChannel mail) => mail.ImplicitTls ? SecureSocketOptions.SslOnConnect
        : mail is { User: null, AuthorityFile: null } && IsHere(mail.Server) ? SecureSocketOptions.StartTlsWhenAvailable : SecureSocketOptions.StartTls;

    private static X509Certificate2Collection Authorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new DeliveryException($"An authority-file cannot be read ({unreadable.GetType().Name}). Look at its path in {RulesFile.File}, at this account's rights on it, and whether it is PEM.", unreadable);
        }

        return authorities.Count > 0 ? authorities : throw new DeliveryException($"An authority-file holds no certificate. Look at its path in {RulesFile.File}.");
    }

    private static bool IsBy(X509Certificate2Collection authorities, X509Certificate? certificate, X509Chain? presented, SslPolicyErrors faults)
    {
        if (certificate is not X509Certificate2 server || (faults & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
            return false; // another server's name, or no certificate
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        foreach (var between in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(between.Certificate);
        return chain.Build(server);
    }

    private static bool IsHere(string server) => server == "localhost" || (IPAddress.TryParse(server, out var address) && IPAddress.IsLoopback(address));
}
