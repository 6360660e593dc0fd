using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace FederatedClinicalMl.SiteAgent.Import.Connectors;

/// <summary>What the database or the way to it refused, in our words: the server's own may quote a value of a row.</summary>
internal static class DatabaseFaults
{
    /// <summary>Does something with the database.</summary>
    /// <exception cref="ImportException">It was refused, or the way broke.</exception>
    public static async Task<T> SayAsync<T>(ImportConfiguration configuration, string what, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException or AuthenticationException or CryptographicException or IOException or DecoderFallbackException)
        {
            throw Of(configuration, what, e);
        }
    }

    private static ImportException Of(ImportConfiguration configuration, string what, Exception e)
    {
        var server = $"{configuration.Host}:{configuration.Port}";
        if (e is PostgresException refusal)
            return Of(configuration, what, server, refusal.SqlState);
        if (Chain(e).Any(inner => inner is AuthenticationException or CryptographicException) || e.Message.Contains("SSL", StringComparison.Ordinal))
            return Unreachable($"{server} could not prove who it is by TLS ({configuration.Tls}): it offers none, or its certificate is not from an authority in tls-ca, has expired, or is for another host name.");
        if (Chain(e).Any(inner => inner is DecoderFallbackException))
            return new ImportException(CommandLine.Refused, $"{what}: the database holds text that is not in its encoding. Mend its encoding, or the rows.");
        if (e.Message.Contains("password", StringComparison.OrdinalIgnoreCase))
            return Unreachable($"{server} asks for a password and has been given none. Name its file with password-file, or set PGPASSFILE.");
        return Chain(e).OfType<SocketException>().FirstOrDefault() is { } socket
            ? Unreachable($"{server} cannot be reached ({socket.SocketErrorCode}). Is the host's name right, does the database listen there, and may this account go there (firewall, IPAddressAllow in the unit)?")
            : Unreachable($"{what}: {server} did not answer in time, or broke the connection off. Nothing was handed over; run it again.");
    }

    private static ImportException Of(ImportConfiguration configuration, string what, string server, string state) => state switch
    {
        "28P01" => Unreachable($"{server} refuses the password of the user '{configuration.User}'."),
        "28000" => Unreachable($"{server} does not let the user '{configuration.User}' into the database '{configuration.Database}' from this host or without TLS (pg_hba.conf there), or has no such user."),
        "3D000" => Unreachable($"{server} has no database '{configuration.Database}'."),
        "42501" => new ImportException(CommandLine.Refused, $"{what}: the user '{configuration.User}' may not read it. Run there: GRANT SELECT ON it TO that user."),
        "55P03" => new ImportException(CommandLine.Refused, $"{what}: it is locked by something else. Run this when that has ended."),
        _ => new ImportException(CommandLine.Refused, $"{what}: the database refuses with SQLSTATE {state} (https://www.postgresql.org/docs/current/errcodes-appendix.html); its log says more."),
    };

    private static ImportException Unreachable(string message) => new(CommandLine.Unreachable, message);

    private static IEnumerable<Exception> Chain(Exception? e)
    {
        for (; e is not null; e = e.InnerException)
            yield return e;
    }
}
