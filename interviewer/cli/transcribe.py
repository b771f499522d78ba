"""`interviewer transcribe`: a recording into words with times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from interviewer.cli import parts, views


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Segments and words with times, as JSON.")
@parts.engine_options
def transcribe(file: Path, as_json: bool, **options: Any) -> None:
    """Turn a WAV file into words with times.

    Where there is no speech, no recogniser is asked and no words come out.
    """
    from interviewer.audio.format import read_wav
    from interviewer.speech.live import transcribe_pieces

    settings = parts.settings_from(options)
    samples = read_wav(file)
    bank, _ = parts.load_content(settings)

    def notice(message: str) -> None:
        click.echo(message, err=True)

    mend = parts.mender(settings, bank)
    transcript = mend(
        transcribe_pieces(
            samples, lambda: parts.load_transcriber(settings, notice), parts.jargon(bank)
        )
    )
    if as_json:
        click.echo(json.dumps(transcript.to_dict(), indent=2, ensure_ascii=False))
        return
    for segment in transcript.segments:
        times = f"{views.clock(segment.start_s)}-{views.clock(segment.end_s)}"
        click.echo(f"[{times}] {segment.text.strip()}")
    if transcript.mended:
        click.echo(f"Mended: {'; '.join(transcript.mended)}")
    if not transcript.segments:
        click.echo("No speech was found.")
