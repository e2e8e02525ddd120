"""Notes in a database: a page for people at /, the same for programs at /notes."""

from contextlib import closing
from pathlib import Path

import psycopg2
from flask import Flask, abort, jsonify, redirect, render_template, request

app = Flask(__name__)


def database():
    password = Path("/run/secrets/db-password").read_text().strip()
    return closing(psycopg2.connect(host="db", dbname="notes", user="notes", password=password))


def all_notes():
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT text FROM note ORDER BY id")
        return [text for (text,) in cursor]


@app.get("/")
def page():
    return render_template("notes.html", notes=all_notes())


@app.get("/notes")
def listed():
    return jsonify(all_notes())


@app.post("/notes")
def add():
    text = request.form.get("text", "").strip() or abort(400, "a note needs a text")
    with database() as connection, connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO note (text) VALUES (%s)", (text,))
    return redirect("/", code=303)
