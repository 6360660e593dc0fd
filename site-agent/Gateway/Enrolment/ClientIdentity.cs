using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Who we are towards the coordinator, whose address this is and whom we trust: everything that enrolment yields. Kept in ONE file,
/// <c>identity.pem</c>, replaced by a rename: a crash leaves the old identity or the new one, never a key without its certificate.
/// </summary>
public sealed class ClientIdentity : IDisposable
{
    private const string FileName = "identity.pem";
    private const string FreshSuffix = ".new"; // written, not yet named
    private const string AddressLabel = "coordinator: ";

    /// <param name="coordinator">The coordinator's address.</param>
    /// <param name="certificate">Our certificate, with its private key.</param>
    /// <param name="authority">The one authority that we trust.</param>
    public ClientIdentity(Uri coordinator, X509Certificate2 certificate, X509Certificate2 authority)
    {
        Coordinator = coordinator;
        Certificate = certificate;
        Authority = authority;
        Subject = CertificateNames.UrisOf(certificate).SingleOrDefault(u => u.StartsWith("urn:fcml:", StringComparison.Ordinal))
            ?? throw new AgentException("CERTIFICATE_WRONG", "Our certificate carries no fcml name. Enrol again with a new invitation.");
    }

    /// <summary>The coordinator's address.</summary>
    public Uri Coordinator { get; }

    /// <summary>Our certificate, with its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The one authority that we trust.</summary>
    public X509Certificate2 Authority { get; }

    /// <summary>Our URI name.</summary>
    public string Subject { get; }

    /// <summary>The last part of <see cref="Subject"/>: the site's or person's name.</summary>
    public string Name => Subject[(Subject.LastIndexOf(':') + 1)..];

    /// <summary>The file within a folder.</summary>
    public static string PathIn(string folder) => Path.Combine(folder, FileName);

    /// <summary>Whether a folder holds an identity.</summary>
    public static bool ExistsIn(string folder) => File.Exists(PathIn(folder)) || File.Exists(PathIn(folder) + FreshSuffix);

    /// <summary>Reads the identity that a folder holds.</summary>
    /// <exception cref="AgentException">IDENTITY_MISSING or IDENTITY_UNREADABLE.</exception>
    public static ClientIdentity Load(string folder)
    {
        var path = PathIn(folder);
        if (!File.Exists(path) && File.Exists(path + FreshSuffix))
        {
            // Enrolment was killed between writing and naming. The invitation served once: what it gave must not be lost.
            using (Read(path + FreshSuffix))
                GiveName(folder);
        }

        return Read(path);
    }

    private static ClientIdentity Read(string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPem(text);
            if (certificates.Count != 2 || !text.StartsWith(AddressLabel, StringComparison.Ordinal))
                throw Unreadable(path, "it does not hold an address, a key and two certificates", null);
            var address = new Uri(text[AddressLabel.Length..text.IndexOf('\n', StringComparison.Ordinal)].Trim());
            using var key = ECDsa.Create();
            key.ImportFromPem(text);
            using var bare = certificates[0];
            return new ClientIdentity(address, Attach(bare, key), certificates[1]);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new AgentException("IDENTITY_MISSING", $"There is no identity at '{path}'. Enrol with an invitation from the consortium's admin first.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or UriFormatException or ArgumentException)
        {
            throw Unreadable(path, e.Message, e);
        }
    }

    /// <summary>Writes the identity into a folder, durably, readable by this account alone, in one step.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Save(string folder)
    {
        using var key = Certificate.GetECDsaPrivateKey() ?? throw new InvalidOperationException("The certificate has no private key.");
        var text = new StringBuilder()
            .Append(AddressLabel).Append(Coordinator).Append('\n')
            .Append("subject: ").Append(Subject).Append('\n')
            .Append(key.ExportPkcs8PrivateKeyPem()).Append('\n')
            .Append(Certificate.ExportCertificatePem()).Append('\n')
            .Append(Authority.ExportCertificatePem()).Append('\n')
            .ToString();

        MakePrivateFolder(folder);
        var fresh = PathIn(folder) + FreshSuffix;
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(fresh, options))
        {
            file.Write(Encoding.ASCII.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        FaultPoint.Reached("identity-written");
        GiveName(folder);
    }

    private static void GiveName(string folder)
    {
        File.Move(PathIn(folder) + FreshSuffix, PathIn(folder), overwrite: true);
        new FileDisk(folder).SyncDirectory("");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Certificate.Dispose();
        Authority.Dispose();
    }

    /// <summary>Joins a certificate with its key so that TLS can use it on every system.</summary>
    internal static X509Certificate2 Attach(X509Certificate2 certificate, ECDsa key)
    {
        var joined = certificate.CopyWithPrivateKey(key);
        if (!OperatingSystem.IsWindows())
            return joined;
        using (joined)
            return X509CertificateLoader.LoadPkcs12(joined.Export(X509ContentType.Pkcs12), null); // SChannel takes no ephemeral keys
    }

    private static void MakePrivateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static AgentException Unreadable(string path, string why, Exception? cause) =>
        new("IDENTITY_UNREADABLE", $"The identity at '{path}' cannot be read: {why}. Restore the file, or enrol again with a new invitation.", cause);
}
