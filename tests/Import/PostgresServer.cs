using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Tests.Coordinator;
using Npgsql;

namespace FederatedClinicalMl.Tests.Import;

/// <summary>A PostgreSQL server of these tests' own: on 127.0.0.1, with a password and TLS. Where Debian's package is missing they are skipped, except in CI.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    internal const string Password = "not 's3cret\"";

    private readonly TemporaryFolder _folder = new();
    private string? _programs;

    /// <summary>Its port.</summary>
    public int Port { get; } = LocalPort.Free();

    /// <summary>The certificate by which it proves that it is localhost.</summary>
    public string Certificate => _folder.Of("server.crt");

    public async ValueTask InitializeAsync()
    {
        _programs = Directory.Exists("/usr/lib/postgresql")
            ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(version => Path.Join(version, "bin")).Where(bin => File.Exists(Path.Join(bin, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
            : null;
        if (_programs is null)
            return;
        await File.WriteAllTextAsync(_folder.Of("password"), Password);
        WriteCertificate();
        if (Programs.IsRoot)
            await Programs.SucceedAsync("chown", "-R", "nobody", _folder.Path); // the server refuses to run as root
        await ServerAsync("initdb", "-D", _folder.Of("data"), "-U", "steward", "-A", "scram-sha-256", $"--pwfile={_folder.Of("password")}", "-E", "UTF8", "--no-locale", "--no-sync");
        await ServerAsync(
            "pg_ctl", "-D", _folder.Of("data"), "-l", _folder.Of("log"), "-w", "start", "-o",
            $"-c listen_addresses=127.0.0.1 -c port={Port} -c unix_socket_directories= -c fsync=off -c ssl=on -c ssl_cert_file={Certificate} -c ssl_key_file={_folder.Of("server.key")} -c datestyle=German -c timezone=Asia/Tokyo");
    }

    public async ValueTask DisposeAsync()
    {
        if (_programs is not null)
            await ServerAsync("pg_ctl", "-D", _folder.Of("data"), "-m", "immediate", "-w", "stop");
        _folder.Dispose();
    }

    /// <summary>Skips the test where there is no server.</summary>
    public void Require()
    {
        if (_programs is not null)
            return;
        Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
        Assert.Skip("PostgreSQL's initdb is not below /usr/lib/postgresql: install Debian's package postgresql.");
    }

    /// <summary>Runs statements as the server's administrator.</summary>
    internal async Task ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Runs a statement in a transaction that ends when what is returned is disposed of.</summary>
    internal async Task<HeldTransaction> HoldAsync(string sql)
    {
        var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand($"BEGIN; {sql}", connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return new HeldTransaction(connection);
    }

    /// <summary>Makes a schema with a table for each file of a folder, and fills it.</summary>
    /// <param name="schema">Its name, which no other test uses.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="type">The type of a column.</param>
    internal async Task LoadAsync(string schema, string folder, Func<string, string> type)
    {
        await ExecuteAsync($"CREATE SCHEMA {schema}");
        await using var connection = await ConnectAsync();
        foreach (var file in Directory.EnumerateFiles(folder, "*.csv"))
        {
            var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            var columns = text[..text.IndexOf('\n', StringComparison.Ordinal)].TrimEnd('\r').Split(',');
            var table = $"{schema}.{Path.GetFileNameWithoutExtension(file)}";
            await ExecuteAsync($"CREATE TABLE {table} ({string.Join(", ", columns.Select(column => $"{column} {type(column)}"))})");
            await using var writer = await connection.BeginTextImportAsync($"COPY {table} FROM STDIN (FORMAT csv, HEADER)", TestContext.Current.CancellationToken);
            await writer.WriteAsync(text);
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        // SQL in these tests writes its days in ISO's order; the server's own setting is another, which an import must not mind.
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = Port, Database = "postgres", Username = "steward", Password = Password, Pooling = false, Options = "-c datestyle=ISO,YMD" }.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    private Task ServerAsync(string program, params string[] arguments)
    {
        string[] line = [Path.Join(_programs, program), .. arguments];
        return Programs.SucceedAsync(Programs.IsRoot ? ["runuser", "-u", "nobody", "--", .. line] : line);
    }

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        File.WriteAllText(Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(_folder.Of("server.key"), key.ExportPkcs8PrivateKeyPem());
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder.Of("server.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}

/// <summary>An open transaction and the locks it holds.</summary>
internal sealed class HeldTransaction(NpgsqlConnection connection) : IDisposable
{
    /// <summary>Returns once somebody waits for one of the locks.</summary>
    public async Task UntilSomebodyWaitsAsync()
    {
        await using var command = new NpgsqlCommand("SELECT pg_sleep(0.02) IS NOT NULL AND EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)", connection);
        while (await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) is not true)
        {
        }
    }

    public void Dispose() => connection.Dispose();
}
