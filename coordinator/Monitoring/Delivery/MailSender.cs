using System.Net;
using System.Net.Sockets;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Delivers by SMTP. A server on another machine must offer STARTTLS with a certificate that this machine trusts; nothing is said to it otherwise.</summary>
public sealed class MailSender : IAlertSender
{
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
            await client.ConnectAsync(mail.Server, mail.Port, IsHere(mail.Server) ? SecureSocketOptions.StartTlsWhenAvailable : SecureSocketOptions.StartTls, cancel);
            if (mail is { User: { } user, PasswordFile: { } file })
                await client.AuthenticateAsync(user, Encoding.UTF8.GetString(SecretFile.Read(file)), cancel);
            await client.SendAsync(message, cancel);
            await client.DisconnectAsync(quit: true, cancel);
        }
        catch (Exception failed) when (failed is SocketException or IOException or ProtocolException or CommandException or SslHandshakeException or AuthenticationException or NotSupportedException or InvalidOperationException)
        {
            throw new DeliveryException($"The mail server did not take the letter ({failed.GetType().Name}). Look at the server, its STARTTLS certificate and who signs in.", failed);
        }
    }

    private static bool IsHere(string server) => server == "localhost" || (IPAddress.TryParse(server, out var address) && IPAddress.IsLoopback(address));
}
