namespace FederatedClinicalMl.Cli.Launching;

/// <summary>A numeric account of the operating system that a child process runs under; it needs no entry in the account list.</summary>
/// <param name="User">User id.</param>
/// <param name="Group">Group id.</param>
internal sealed record Account(uint User, uint Group);
