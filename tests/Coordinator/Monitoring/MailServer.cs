using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace FederatedClinicalMl.Tests.Coordinator.Monitoring;

/// <summary>A mail server on loopback that takes one connection, with a certificate of an authority that the test makes; it keeps what it was told in the open and what over TLS.</summary>
internal sealed class MailServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _authority, _certificate;

    /// <param name="folder">Where the authority's certificate is put.</param>
    /// <param name="name">The address that the certificate is for.</param>
    /// <param name="validFrom">From when it is valid, for a year.</param>
    public MailServer(string folder, string name = "127.0.0.1", DateTimeOffset? validFrom = null)
    {
        var from = validFrom ?? TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(1);
        using var root = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=Hospital authority", root, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = authority.CreateSelfSigned(from, from.AddYears(2));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mail", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(name));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var issued = request.Create(_authority, from, from.AddYears(1), [1]);
        using var whole = issued.CopyWithPrivateKey(key);
        _certificate = X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
        AuthorityFile = Path.Combine(folder, $"authority-{_certificate.Thumbprint}.pem");
        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
        _listener.Start();
    }

    public string AuthorityFile { get; }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What it was told in the open.</summary>
    public List<string> Open { get; } = [];

    /// <summary>What it was told over TLS.</summary>
    public List<string> Sealed { get; } = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Takes a connection, until its client has said goodbye or is gone.</summary>
    /// <param name="offersTls">Whether it offers STARTTLS.</param>
    /// <param name="isImplicit">Whether it speaks TLS from the first byte.</param>
    public async Task ServeAsync(bool offersTls = true, bool isImplicit = false)
    {
        using var client = await _listener.AcceptTcpClientAsync(Stop);
        Stream stream = client.GetStream();
        try
        {
            if (isImplicit)
                stream = await SealAsync(stream);
            while (await ConverseAsync(stream, offersTls && stream is not SslStream))
                stream = await SealAsync(stream);
        }
        catch (Exception gone) when (gone is IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client went away, as one does that does not trust the certificate.
        }

        await stream.DisposeAsync();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
        _authority.Dispose();
    }

    private async Task<Stream> SealAsync(Stream stream)
    {
        var secured = new SslStream(stream);
        await secured.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, Stop);
        return secured;
    }

    /// <summary>Whether TLS is to begin; false: the conversation is over. Byte by byte: what follows STARTTLS is the handshake's.</summary>
    private async Task<bool> ConverseAsync(Stream stream, bool offersTls)
    {
        var (told, isLetter) = (stream is SslStream ? Sealed : Open, false);
        if (stream is not SslStream || Open.Count == 0)
            await SayAsync("220 here"); // not again after STARTTLS
        while (await ReadLineAsync(stream) is { } line)
        {
            told.Add(line);
            if (isLetter && line != ".")
                continue;
            isLetter = line == "DATA";
            if (line.StartsWith("EHLO", StringComparison.Ordinal))
                await SayAsync($"250-here\r\n{(offersTls ? "250-STARTTLS\r\n" : "")}250 AUTH PLAIN");
            else if (line == "STARTTLS")
                await SayAsync("220 go on");
            else
                await SayAsync(line switch { "DATA" => "354 go on", "QUIT" => "221 bye", _ when line.StartsWith("AUTH", StringComparison.Ordinal) => "235 welcome", _ => "250 ok" });
            if (line is "STARTTLS" or "QUIT")
                return line == "STARTTLS";
        }

        return false;

        async Task SayAsync(string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text + "\r\n"), Stop);
    }

    private static async Task<string?> ReadLineAsync(Stream stream)
    {
        var (line, one) = (new StringBuilder(), new byte[1]);
        while (await stream.ReadAsync(one, Stop) > 0)
        {
            if (one[0] == '\n')
                return line.ToString().TrimEnd('\r');
            line.Append((char)one[0]);
        }

        return null;
    }
}
