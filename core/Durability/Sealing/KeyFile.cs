using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace FederatedClinicalMl.Durability;

/// <summary>Who can open a key file that Windows protects.</summary>
public enum KeyScope
{
    /// <summary>The account that protected it.</summary>
    Account,

    /// <summary>Every account of the machine that may read the file: two services under two accounts share it.</summary>
    Machine,
}

/// <summary>
/// A key of 32 bytes as the platform keeps it: a credential that systemd hands over, or a file; on Windows the file is protected by DPAPI
/// (<see cref="ProtectedData"/>) once its owner has started. A credential and an unprotected file are 32 bytes, or 64 hexadecimal digits.
/// </summary>
public static class KeyFile
{
    /// <summary>Where systemd put this service's credentials; null where it handed none over.</summary>
    public static string? Credentials => Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY");

    /// <summary>A new key, in hexadecimal, as it is first written into a file.</summary>
    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SealedDisk.KeyLength));

    /// <summary>The path of a credential; null where it was not handed over.</summary>
    /// <param name="credentials">Where systemd puts them; null: there are none.</param>
    /// <param name="name">The credential's name.</param>
    public static string? HandedOver(string? credentials, string name) =>
        credentials is not null && Path.Join(credentials, name) is var path && File.Exists(path) ? path : null;

    /// <summary>Reads a key.</summary>
    /// <exception cref="KeyFileException">The file holds none, or Windows does not open it for this account.</exception>
    public static byte[] Read(string path, KeyScope scope)
    {
        var content = File.ReadAllBytes(path);
        if (Plain(content) is { } key)
            return key;
        if (OperatingSystem.IsWindows())
            return Unprotect(path, content, scope);
        throw new KeyFileException($"'{path}' is no key: it must be {SealedDisk.KeyLength} bytes or {2 * SealedDisk.KeyLength} hexadecimal digits. Put the right one back.");
    }

    /// <summary>On Windows, replaces a key that lies in the open by one that DPAPI protects; elsewhere the file stays. Called by the account that is to open it.</summary>
    public static void Protect(string path, KeyScope scope)
    {
        if (OperatingSystem.IsWindows() && Plain(File.ReadAllBytes(path)) is { } key)
            DurableFile.Write(new FileDisk(Path.GetDirectoryName(Path.GetFullPath(path))!), Path.GetFileName(path), ProtectedData.Protect(key, null, ScopeOf(scope)));
    }

    [SupportedOSPlatform("windows")]
    private static byte[] Unprotect(string path, byte[] content, KeyScope scope)
    {
        try
        {
            var key = ProtectedData.Unprotect(content, null, ScopeOf(scope));
            return key.Length == SealedDisk.KeyLength ? key : throw new KeyFileException($"'{path}' is no key of {SealedDisk.KeyLength} bytes. Put the right one back.");
        }
        catch (CryptographicException fault)
        {
            throw new KeyFileException($"'{path}' was protected on another machine or for another account, or is damaged. Put back the 64 digits of the key, if they were kept.", fault);
        }
    }

    private static byte[]? Plain(byte[] content)
    {
        if (content.Length == SealedDisk.KeyLength)
            return content;
        var text = Encoding.ASCII.GetString(content).Trim();
        return text.Length == 2 * SealedDisk.KeyLength && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : null;
    }

    [SupportedOSPlatform("windows")]
    private static DataProtectionScope ScopeOf(KeyScope scope) => scope == KeyScope.Machine ? DataProtectionScope.LocalMachine : DataProtectionScope.CurrentUser;
}

/// <summary>A key is not there, or cannot be used; the message says how to mend it.</summary>
public sealed class KeyFileException(string message, Exception? cause = null) : IOException(message, cause);
